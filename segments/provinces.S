/* SPDX-License-Identifier: MIT */
/* The table of provinces inside the binary. */
	.section .rodata
	.global loa_provinces_start
	.global loa_provinces_end
loa_provinces_start:
	.incbin "config/provinces.json"
loa_provinces_end:
	.byte 0
	.section .note.GNU-stack,"",@progbits
