/* SPDX-License-Identifier: MIT */
/* The Lua library, inside the binary. */
	.section .rodata
	.global loa_lua_start
	.global loa_lua_end
loa_lua_start:
	.incbin "dispatcher/lua/record.lua"
	.incbin "dispatcher/lua/lease.lua"
	.incbin "dispatcher/lua/permit.lua"
	.incbin "dispatcher/lua/outcome.lua"
	.incbin "dispatcher/lua/run.lua"
loa_lua_end:
	.byte 0
	.section .note.GNU-stack,"",@progbits
