/* SPDX-License-Identifier: MIT */
/* What `loa serve --demo` brings along: its configuration, policy, list, segment, template, campaign. */
	.section .rodata
	.macro file name, path
	.global loa_demo_\name\()_start
	.global loa_demo_\name\()_end
loa_demo_\name\()_start:
	.incbin "\path"
loa_demo_\name\()_end:
	.byte 0
	.endm
	file config, "config/demo/serve.json"
	file policy, "config/demo/policy.json"
	file list, "config/demo/an-giang.csv"
	file segment, "config/demo/segment.txt"
	file template, "config/demo/template.txt"
	file campaign, "config/demo/campaign.json"
	.section .note.GNU-stack,"",@progbits
