/* SPDX-License-Identifier: MIT */
/* Files inside the binary: the Lua library, the default policy, SMS parts, content rules, calendar. */
	.section .rodata
	.global loa_lua_start
	.global loa_lua_end
	.global loa_policy_start
	.global loa_policy_end
	.global loa_sms_start
	.global loa_sms_end
	.global loa_content_start
	.global loa_content_end
	.global loa_calendar_start
	.global loa_calendar_end
loa_lua_start:
	.incbin "dispatcher/lua/record.lua"
	.incbin "dispatcher/lua/hours.lua"
	.incbin "dispatcher/lua/series.lua"
	.incbin "dispatcher/lua/window.lua"
	.incbin "dispatcher/lua/tariffs.lua"
	.incbin "dispatcher/lua/fair.lua"
	.incbin "dispatcher/lua/flight.lua"
	.incbin "dispatcher/lua/limits.lua"
	.incbin "dispatcher/lua/health.lua"
	.incbin "dispatcher/lua/route.lua"
	.incbin "dispatcher/lua/todo.lua"
	.incbin "dispatcher/lua/brake.lua"
	.incbin "dispatcher/lua/halts.lua"
	.incbin "dispatcher/lua/owners.lua"
	.incbin "dispatcher/lua/lease.lua"
	.incbin "dispatcher/lua/caps.lua"
	.incbin "dispatcher/lua/permit.lua"
	.incbin "dispatcher/lua/ids.lua"
	.incbin "dispatcher/lua/outcome.lua"
	.incbin "dispatcher/lua/receipts.lua"
	.incbin "dispatcher/lua/suppress.lua"
	.incbin "dispatcher/lua/erase.lua"
	.incbin "dispatcher/lua/segments.lua"
	.incbin "dispatcher/lua/catalog.lua"
	.incbin "dispatcher/lua/notices.lua"
	.incbin "dispatcher/lua/operate.lua"
	.incbin "dispatcher/lua/run.lua"
	.incbin "dispatcher/lua/control.lua"
	.incbin "dispatcher/lua/approval.lua"
	.incbin "dispatcher/lua/doubt.lua"
	.incbin "dispatcher/lua/audit.lua"
	.incbin "dispatcher/lua/registered.lua"
	.incbin "dispatcher/lua/lists.lua"
	.incbin "dispatcher/lua/account.lua"
	.incbin "dispatcher/lua/alerts.lua"
loa_lua_end:
	.byte 0
loa_policy_start:
	.incbin "config/policy.json"
loa_policy_end:
	.byte 0
loa_sms_start:
	.incbin "config/sms.json"
loa_sms_end:
	.byte 0
loa_content_start:
	.incbin "config/content.json"
loa_content_end:
	.byte 0
loa_calendar_start:
	.incbin "config/calendar.json"
loa_calendar_end:
	.byte 0
	.section .note.GNU-stack,"",@progbits
