-- SPDX-License-Identifier: MIT
-- receipts: what gateways say afterwards, pushed or asked for.

-- [lane, seconds that ids are kept, is the reference that of a request (0|1), then in
--  nines: run ('' = no reference), p, rank, attempt, id, phone, state, reason, words]
--   → [messages merged, parked, unknown, of no known code]
-- id: eleven bytes of its hash or ''; phone: a hash or ''; state: S.ACCEPTED,
-- S.DELIVERED, S.UNDELIVERABLE, or 0 for a code that is not known; words: '"id","code"'.
local function receipts(_, a)
  local lane, keep_s, is_by_request = a[1], tonumber(a[2]), a[3] == '1'
  local t = clock()
  local merged, parked, nothing = 0, 0, 0
  local unknown = ids.sweep(lane, t)
  for i = 4, #a, 9 do
    local r = { run = a[i], p = tonumber(a[i + 1]), rank = tonumber(a[i + 2]),
      attempt = tonumber(a[i + 3]), id = a[i + 4], phone = a[i + 5], state = tonumber(a[i + 6]),
      reason = tonumber(a[i + 7]), words = a[i + 8] }
    local run, p, members = ids.whose(lane, is_by_request, keep_s, r)
    local launched_s = run and run_get(run).launched_s
    local w = launched_s and window_open(run, p, members[1][1], members[#members][1] + 1)
    if w then
      local news = ids.merge(w, members, r, seconds_of(t, launched_s))
      window_write(w)
      if #news > 0 then ids.log(run, p, news, r.words) end
      merged = merged + (r.state > 0 and #members or 0)
      nothing = nothing + (r.state > 0 and 0 or 1)
    elseif not run and r.id ~= '' and not p and ids.park(lane, t, r) then
      parked = parked + 1
    else
      ids.unknown(lane, floor(t.ms / 1000), r.words)
      unknown = unknown + 1
    end
  end
  return { merged, parked, unknown, nothing }
end
