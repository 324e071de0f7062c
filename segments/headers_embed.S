/* SPDX-License-Identifier: MIT */
/* What is known of lists' titles, and the names of languages, inside the binary. */
	.section .rodata
	.global headers_json_start
	.global headers_json_end
	.global loa_languages_start
	.global loa_languages_end
headers_json_start:
	.incbin "config/headers.json"
headers_json_end:
	.byte 0
loa_languages_start:
	.incbin "config/languages.json"
loa_languages_end:
	.byte 0
	.section .note.GNU-stack,"",@progbits
