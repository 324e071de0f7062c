/* SPDX-License-Identifier: MIT */
/* The sample library inside the binary: its description, then name, size and text of each. */
	.section .rodata
	.global loa_samples_json_start
	.global loa_samples_json_end
	.global loa_samples_start
	.global loa_samples_end
loa_samples_json_start:
	.incbin "templates/samples/samples.json"
loa_samples_json_end:
	.byte 0
	.macro sample name
	.asciz "\name"
	.4byte 2f - 1f
1:	.incbin "templates/samples/\name\().liquid"
2:
	.endm
loa_samples_start:
	sample ngay-chuyen-doi-so
	sample thang-dich-vu-cong
	sample moi-mot-cua
	sample dang-nhap-vneid
	sample canh-bao-lua-dao
	sample tap-huan-to-cong-nghe
	sample den-tung-nha
	sample cuoc-thi-hoc-sinh
	sample hoc-sinh-va-gia-dinh
	sample nhac-bao-cao
	sample ho-so-co-ket-qua
	sample bo-sung-ho-so
	sample tra-loi-gop-y
	sample khen-ngoi
	sample tong-dai-ho-tro
	sample khao-sat-hai-long
	sample giup-nguoi-cao-tuoi
	sample tinh-nang-moi
	sample thu-tuc-toan-trinh
	sample tiet-kiem-thoi-gian
	sample can-bo-guong-mau
	sample doanh-nghiep
loa_samples_end:
	.section .note.GNU-stack,"",@progbits
