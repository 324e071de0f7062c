-- SPDX-License-Identifier: MIT
-- outcome: evidence is merged, never overwritten, never fenced out. The
-- sender's answer, pushed receipts and local ends all end in set_phase.

--
-- Several answers come in one call (an un-mark is told the same way). Each is judged by itself, as if
-- those before it had been written; what they share is read once and written once.

local told = {}

-- c: what the ends of some permits of a lane share. list of {run, p, first and as text `name`, attempt,
-- permit; members as far as the caller knows them} gets: r, its run; key, field and q of the request, as far as it is
-- known; w, with all its members, or nil; is_new, whether nobody has told it before.
function told.open(lane, list)
  local c = { lane = lane, t = clock(), runs = {}, spans = {}, landed = {}, busy = K.lane .. lane .. K.busy }
  local fields, copies = {}, {}
  book.open()
  for i, o in ipairs(list) do
    o.r = permits.run(c, o.run)
    o.key, o.field = permits.key(o.r, o.p, o.first), o.name .. ':' .. o.attempt
    fields[o.key] = fields[o.key] or {}
    table.insert(fields[o.key], o.field)
    copies[i] = o.permit
  end
  book.read(c.busy, copies)
  book.read(K.lane .. lane, HEALTH_FIELDS)
  for key, of in pairs(fields) do book.read(key, of) end
  for _, o in ipairs(list) do told.span(c, o) end
  for _, o in ipairs(list) do told.window(c, o) end
  return c
end

-- How far the windows go: one for each string of records.
function told.span(c, o)
  local stored = not o.members and book.get(o.key, o.field)
  local q = book.request(stored)
  local members = o.members or q and q.members
  if not members or not o.r.launched_s then return end
  o.last = request_last(o.first, members)
  local span = c.spans[o.key]
  if not span then
    span = { from = o.first, to = o.last + 1 }
    c.spans[o.key] = span
  end
  if o.first < span.from then span.from = o.first end
  if o.last >= span.to then span.to = o.last + 1 end
end

function told.window(c, o)
  local span = c.spans[o.key]
  if not span or not o.last then return end
  span.w = span.w or window_open(o.run, o.p, span.from, span.to, o.r.delta)
  if o.last < span.w.to then o.w = span.w end
end

-- Its copy is off the wire. The longest rest that one of them asks for is the lane's.
function told.off_the_wire(c, o, verdict, at_least, why, permitted_us, is_always)
  o.is_new = book.get(c.busy, o.permit) and true or false
  if o.is_new then book.del(c.busy, o.permit) end
  -- Told again, by a journal say, it says nothing new of the lane.
  if not o.is_new and not is_always then return end
  local rest, rest_why = health.told(c.lane, o.permit, verdict, at_least, why, permitted_us, c.t)
  if rest > (c.rest or 0) then c.rest, c.why = rest, rest_why end
end

function told.close(c, merged)
  book.write()
  flight.land(c.lane, c.landed, c.t)
  for _, span in pairs(c.spans) do if span.w then window_write(span.w) end end
  for run, r in pairs(c.runs) do count_write(run, r.delta) end
  return { merged, int(c.rest or 0), c.why or '' }
end

-- What records look like that are sent to under an attempt of a provider, as patterns. by: that byte.
function told.look_of(r, by)
  r.looks = r.looks or {}
  local look = r.looks[by]
  if not look then
    local tail = raw.tail(r.now_s)
    look = { tail = tail, parts = 'parts:' .. floor(byte(by) / 16),
      sending = raw.plain(char(S.SENDING)) .. '.' .. raw.plain(by) .. '(.)....',
      accepted = raw.plain(char(S.ACCEPTED, 0) .. by) .. '%1' .. raw.plain(tail) }
    r.looks[by] = look
  end
  return look
end

-- `new`, in which all are accepted, with those that say no; what they count goes into d. nil: a reason
-- of one that was accepted, which nobody gives.
function told.with_nos(o, by, parts, new, d)
  local look, most, reasons, out, at = told.look_of(o.r, by), o.most, 0, {}, 1
  local i = string.find(o.classes, '[^A]')
  while i do
    local class, reason, part = sub(o.classes, i, i), byte(o.reasons, i), byte(parts, i)
    if reason > 0 then reasons = reasons + 1 end
    if class == 'T' and byte(by) % 16 >= most then class, reason = 'N', R.ATTEMPTS_USED end
    add(d, COUNTED[PHASE[class]], 1)
    add(d, 'accepted', -1)
    add(d, look.parts, -part)
    out[#out + 1] = sub(new, at, i * 8 - 8)
    out[#out + 1] = char(PHASE[class], reason) .. by .. char(part) .. look.tail
    at = i * 8 + 1
    i = string.find(o.classes, '[^A]', i + 1)
  end
  if select(2, string.gsub(o.reasons, '[^%z]', '')) ~= reasons then return nil end
  out[#out + 1] = sub(new, at)
  return table.concat(out)
end

-- What most answers are: about the only copy, of members that are as its permit has left them, none in
-- doubt, nothing to give back. What the long way would come to is written at once. False: go it.
function told.at_once(o)
  local q, w, n, attempt = o.q, o.w, #o.classes, sub(o.attempts, 1, 1)
  if not q or q.members ~= o.members or q.attempts ~= o.attempts or #q.copies ~= 1 or
    q.copies[1] ~= o.permit or q.no or window.ending(o.r) or
    o.attempts ~= string.rep(attempt, n) or string.find(o.classes, '[^ANTW]') then return false end
  local is_all = not string.find(o.classes, '[^A]')
  if not is_all and (q.paid or q.caps) then return false end
  window_settle(w)
  local runs, bytes = request_runs(o.first, o.last, o.members), {}
  for i, run in ipairs(runs) do
    bytes[i] = sub(w.bytes, (run[1] - w.from) * 8 + 1, (run[1] - w.from + run[2]) * 8)
  end
  bytes = table.concat(bytes)
  local by, d = sub(bytes, 3, 3), {} -- attempt and provider
  if byte(by) % 16 ~= byte(attempt) then return false end
  local look = told.look_of(o.r, by)
  local new, count = string.gsub(bytes, look.sending, look.accepted)
  if count ~= n then return false end
  local parts = string.gsub(bytes, '...(.)....', '%1')
  if is_all and string.find(o.reasons, '[^%z]') then return false end
  if not is_all then new = told.with_nos(o, by, parts, new, d) end
  if not new then return false end
  add(d, 'accepted', n)
  add(d, look.parts, raw.sum(parts))
  for name, by_so_many in pairs(d) do add(w.delta, name, by_so_many) end
  told.at_once_write(o, runs, new)
  return true
end

function told.at_once_write(o, runs, new)
  local at = 1
  for _, run in ipairs(runs) do
    window_patch(o.w, run[1], run[2], sub(new, at, at + run[2] * 8 - 1))
    at = at + run[2] * 8
  end
  book.del(o.key, o.field)
end

-- How many attempts were answered, or left, up to this one. One that waits for another provider to have
-- the next was not taken for the first one's sake.
function told.attempts(w, rank, at)
  local r, n = window_get(w, rank), at
  local phases = has_earlier(r) and phases_of(w, rank, r) or {}
  for i = 1, at - 1 do
    if phases[i] == S.WAITING then n = n - 1 end
  end
  return n
end

-- One answer into its members' records. ranks: of its members.
function told.merge(c, o, ranks)
  local w, q, r, now_s = o.w, o.q, o.r, o.r.now_s
  local is_ours = q and has_copy(q, o.permit)
  local classes, reasons, says_no = {}, {}, false
  for i, rank in ipairs(ranks) do
    local class, reason, at = sub(o.classes, i, i), byte(o.reasons, i), byte(o.attempts, i)
    if class == 'T' and (at >= 15 or told.attempts(w, rank, at) >= o.most) then
      class, reason = 'N', R.ATTEMPTS_USED
    end
    classes[i], reasons[i] = '-', char(reason)
    if class == 'A' then
      o.is_news = merge(w, rank, at, S.ACCEPTED, reason, now_s) or o.is_news
    elseif is_ours then
      if class ~= 'U' then classes[i], says_no = class, true end
      -- In doubt until request_judge finds that this was the only copy.
      merge(w, rank, at, S.UNKNOWN, class == 'U' and reason or R.REPEAT_FAILED, now_s)
    end
  end
  if not q then return end
  if says_no then
    q.no = q.no or {}
    q.no[o.permit] = { classes = table.concat(classes), reasons = table.concat(reasons) }
  end
  limits.give_back(q, o.permit, limits.parts_of(w, ranks), function(i)
    local class = sub(o.classes, i, i)
    return (class == 'A' or class == 'U') and class
  end)
  if o.is_new and is_ours and q.caps and #q.copies == 1 then
    for i = 1, #ranks do
      local class = sub(o.classes, i, i)
      if class ~= 'A' and class ~= 'U' then caps.give_back(r, q, i) end
    end
  end
  request_judge(w, q, ranks, now_s)
  if not is_repeatable(w, q, ranks, c.t) and not is_sending(w, q, ranks) then
    request_hold(w, q, ranks)
  end
  request_write(o.key, o.field, w, q, ranks)
end

-- The sender's line of the log, with when and by which tariff.
function told.line(c, o)
  local one = route.entry(route.of(o.r, o.p), c.lane)
  return sub(o.log, 1, -2) .. ',' .. int(o.r.now_s) .. ',' .. (one and one.t or o.p) .. ']'
end

-- What the log and the brake get of an answer, at the end.
function told.note(c, o, parked)
  local lines = c.lines[o.run] or {}
  c.lines[o.run] = lines
  if o.log ~= '' and not o.was_told then lines[#lines + 1] = told.line(c, o) end
  for _, one in ipairs(parked) do lines[#lines + 1] = ids.log_line(o.p, one[1], one[2], o.r.now_s) end
  -- Told again, by a journal say, it is no further answer.
  if not o.is_new then return end
  local seen = c.seen[o.key] or { run = o.run, p = o.p, classes = {}, reasons = {} }
  c.seen[o.key] = seen
  table.insert(seen.classes, o.classes)
  table.insert(seen.reasons, o.reasons)
end

-- One answer. → 1, 0 its run or its members are not known.
function told.answer(c, o)
  if not o.w then return 0 end
  local stored = book.get(o.key, o.field)
  o.q = book.request(stored, o.key, { run = o.run, p = o.p, field = o.field })
  local groups, all, parked = {}, nil, {}
  local is_ours, has_more = o.q and has_copy(o.q, o.permit), string.find(o.classes, '[^A]')
  local is_at_once = told.at_once(o)
  if not is_at_once or c.keep_s > 0 then
    o.ranks = request_ranks(o)
  end
  if not is_at_once then
    told.merge(c, o, o.ranks)
    o.was_told = not o.is_new and (flight.has_landed(c.lane, o.permit, c.t) or
      not has_more and not o.is_news)
  end
  if is_ours and has_more then table.insert(c.landed, o.permit) end
  if c.keep_s > 0 then
    groups, all = ids.groups(o)
    parked = ids.merge_parked(o.w, o, groups, o.r.now_s)
  end
  local ends, reason = window.ending(o.r)
  if ends then
    for _, rank in ipairs(o.ranks) do cancel_one(o.w, rank, ends, reason, o.r.now_s) end
  end
  if c.keep_s > 0 then ids.keep(o, groups, all, c.t, c.found) end
  told.note(c, o, parked)
  return 1
end

-- [lane, keep_s, is_by_request, poll_ms; then of each answer: run, p, first, permit, members, attempts,
--  classes, reasons, most attempts, ms that the lane must rest, why, log line, verdict, permitted us,
--  and where keep_s is not 0: ids, phones, texts (see ids.groups)]
--   → [how many were merged: not those whose run is unknown, ms that the lane rests, why]; for the last
--   see health.told
-- classes, one byte a member: A accepted, U in doubt, N refused for good, T
-- explicitly not now (the next attempt), W explicitly not taken (this attempt).
local function outcome(_, a)
  local lane, keep_s, merged, list = a[1], tonumber(a[2]), 0, {}
  for i = 5, #a, keep_s > 0 and 17 or 14 do
    list[#list + 1] = { lane = lane, run = a[i], p = tonumber(a[i + 1]), first = tonumber(a[i + 2]),
      name = a[i + 2], permit = a[i + 3], members = a[i + 4], attempts = a[i + 5], attempt = byte(a[i + 5], 1),
      classes = a[i + 6], reasons = a[i + 7], most = tonumber(a[i + 8]), rest = tonumber(a[i + 9]),
      why = a[i + 10], log = a[i + 11], verdict = a[i + 12], permitted_us = tonumber(a[i + 13]),
      keep_s = keep_s, is_by_request = a[3] == '1', poll_ms = tonumber(a[4]) }
    if keep_s > 0 then
      local o = list[#list]
      o.ids, o.phones, o.texts = a[i + 14], a[i + 15], a[i + 16]
    end
  end
  local c = told.open(lane, list)
  c.keep_s, c.lines, c.seen, c.found = keep_s, {}, {}, {}
  for _, o in ipairs(list) do
    told.off_the_wire(c, o, o.verdict, o.rest, o.why, o.permitted_us)
    merged = merged + told.answer(c, o)
  end
  for _, seen in pairs(c.seen) do
    local one = route.entry(route.of(c.runs[seen.run], seen.p), lane)
    brake_look(seen.run, one and one.t or seen.p, table.concat(seen.classes),
      table.concat(seen.reasons))
  end
  if keep_s > 0 then ids.add(lane, c.found, floor(c.t.ms / 1000), keep_s) end
  for run, lines in pairs(c.lines) do
    if #lines > 0 then call('RPUSH', K.run .. run .. K.log, unpack(lines)) end
  end
  return told.close(c, merged)
end

-- One un-mark: its copy is taken out of the request, and nothing else. No copy left: waiting, same
-- attempt; otherwise in doubt, or what the one copy that is left was answered.
function told.unmark(c, o)
  local stored = o.w and book.get(o.key, o.field)
  local q, w, r = book.request(stored), o.w, o.r
  local copy = q and has_copy(q, o.permit)
  if not copy then return end
  local ranks, now_s = request_ranks(q), seconds_of(c.t, r.launched_s)
  limits.give_back(q, o.permit, limits.parts_of(w, ranks), function() return false end)
  table.insert(c.landed, o.permit)
  table.remove(q.copies, copy)
  if q.no then q.no[o.permit] = nil end
  local is_waiting = #q.copies == 0
  for i, rank in ipairs(ranks) do
    local at = byte(q.attempts, i)
    local ph = phase_of(w, rank, at)
    if ph == S.SENDING or (ph == S.UNKNOWN and is_waiting) then
      set_phase(w, rank, at, is_waiting and S.WAITING or S.UNKNOWN, 0, now_s)
      if is_waiting and q.caps then caps.give_back(r, q, i) end
    end
  end
  if is_waiting then q.caps = nil end
  request_judge(w, q, ranks, now_s)
  local ends, reason = window.ending(r)
  if ends then
    for _, rank in ipairs(ranks) do cancel_one(w, rank, ends, reason, now_s) end
  end
  request_write(o.key, o.field, w, q, ranks)
  -- Its lease may be gone: then nobody but a claim will find it.
  if is_waiting and not told.is_leased(c, o, ranks) then table.insert(c.due, { o, o.last + 1 }) end
end

function told.is_leased(c, o, ranks)
  local at = o.run .. ':' .. o.p
  c.leases[at] = c.leases[at] or lease_ranges(o.run, o.p)
  for _, rank in ipairs(ranks) do
    local is_inside = false
    for _, l in ipairs(c.leases[at]) do is_inside = is_inside or rank >= l[1] and rank < l[2] end
    if not is_inside then return false end
  end
  return true
end

-- [of each: run, p, first, attempt, permit, lane, ms that the lane must rest, why, verdict, permitted us]
--   → [1, ms that it rests, why]; the last four: see health.told. All are of one lane.
-- The permits' bytes surely did not leave.
local function unmark(_, a)
  local list = {}
  for i = 1, #a, 10 do
    list[#list + 1] = { run = a[i], p = tonumber(a[i + 1]), first = tonumber(a[i + 2]),
      name = a[i + 2], attempt = a[i + 3], permit = a[i + 4], rest = tonumber(a[i + 6]), why = a[i + 7],
      verdict = a[i + 8] or '', permitted_us = tonumber(a[i + 9]) or 0 }
  end
  local c = told.open(a[6], list)
  c.leases, c.due = {}, {}
  for _, o in ipairs(list) do
    told.off_the_wire(c, o, o.verdict, o.rest, o.why, o.permitted_us, true)
    told.unmark(c, o)
  end
  for _, one in ipairs(c.due) do todo.hurry(one[1].r, one[1].p, one[1].first, one[2], c.t) end
  return told.close(c, 1)
end

-- [run, p, from, inc, fence, offsets, states, reasons] → 1, 0 not ours.
-- Local ends found while rendering: only what waits can end this way.
local function skip(_, a)
  local run, p, from = a[1], tonumber(a[2]), tonumber(a[3])
  local l = owns(run, p, from, a[4], tonumber(a[5]))
  local r = run_get(run)
  local w = l and r.launched_s and window_open(run, p, from, l.to)
  if not w then return 0 end
  local t = clock()
  for i, rank in ipairs(request_ranks({ first = from, members = a[6] })) do
    local rec = window_get(w, rank)
    local ph = rec.attempt > 0 and phase_of(w, rank, rec.attempt) or rec.state
    if ph == S.WAITING or ph == S.RETRY then
      set_phase(w, rank, rec.attempt, byte(a[7], i), byte(a[8], i),
        seconds_of(t, r.launched_s))
    end
  end
  window_write(w)
  return 1
end
