/* SPDX-License-Identifier: MIT */
/* What is known of lists' titles, inside the binary. */
	.section .rodata
	.global headers_json_start
	.global headers_json_end
headers_json_start:
	.incbin "config/headers.json"
headers_json_end:
	.byte 0
	.section .note.GNU-stack,"",@progbits
