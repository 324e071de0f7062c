/* SPDX-License-Identifier: MIT */
/* The numbering plan inside the binary. */
	.section .rodata
	.global loa_numbering_start
	.global loa_numbering_end
loa_numbering_start:
	.incbin "config/numbering.json"
loa_numbering_end:
	.byte 0
	.section .note.GNU-stack,"",@progbits
