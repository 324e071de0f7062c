-- SPDX-License-Identifier: MIT
-- Doubt in a person's hand: what is in doubt, what may be done about it, and doing it.
-- Nothing here is ever called but for a person.
--
-- A request in doubt has a window (as long as the gateway knows its reference). Inside
-- it a person repeats the request as it was, under the same reference, or the message
-- would be taken twice; a new attempt opens only where there is no window, or after
-- it. Neither before the last copy has surely had its end: a lease, the time-out of a
-- request and a margin after it was permitted (wait_ms).

local doubt = { copies_most = 200 }

-- A string of records with the requests that name its members, and who works on it.
function doubt.read(run, p, j, wait_ms)
  local r = run_get(run)
  local from = j * STRING
  local n = floor(call('STRLEN', records_key(run, p, from)) / 8)
  local w = r.launched_s and n > 0 and window_open(run, p, from, from + n)
  if not w then return nil end
  local d = { r = r, w = w, t = clock(), wait_ms = wait_ms, key = request_key(run, p, from),
    requests = {}, of_rank = {}, leased = leased_ranks(run, p, from, from + n) }
  local fields = call('HGETALL', d.key)
  for i = 1, #fields, 2 do
    local q = book.request(fields[i + 1])
    local f = { field = fields[i], q = q, ranks = q and request_ranks(q) or {} }
    if q then d.requests[#d.requests + 1] = f end
    for k, rank in ipairs(f.ranks) do
      d.of_rank[rank] = d.of_rank[rank] or {}
      table.insert(d.of_rank[rank], { f = f, k = k, attempt = byte(q.attempts, k) })
    end
  end
  return d
end

-- May the request be said again as it was? Every member still in doubt under it, or
-- known to be taken; not one that it names differently than it went out.
function doubt.is_same(d, f, ms)
  local q = f.q
  if q.torn or ms + d.t.back >= (q.window or 0) or #q.copies >= doubt.copies_most or
    not is_inside(d.w, f.ranks) then return false end
  for i, rank in ipairs(f.ranks) do
    local at = byte(q.attempts, i)
    local ph = phase_of(d.w, rank, at)
    if not POSITIVE[ph] and not (ph == S.UNKNOWN and window_get(d.w, rank).attempt == at) then
      return false
    end
  end
  return true
end

-- What is known of a doubtful message.
function doubt.facts(d, rank)
  local rec = window_get(d.w, rank)
  local out = { rec = rec, asked = 0, window = 0 }
  for _, m in ipairs(d.of_rank[rank] or {}) do
    if phase_of(d.w, rank, m.attempt) == S.UNKNOWN then
      out.asked = math.max(out.asked, m.f.q.asked or 0)
      out.window = math.max(out.window, (m.f.q.window or 0) - d.t.back)
      if m.attempt == rec.attempt then out.newest = m.f end
    end
  end
  if out.asked == 0 then out.asked = (d.r.launched_s + rec.changed + 1) * 1000 end
  out.ready = out.asked + d.wait_ms
  if d.leased[rank] then out.ready = math.max(out.ready, d.t.ms + 1000) end
  local f = out.newest
  out.is_auto = rec.flags % 32 < HELD and f and is_repeatable(d.w, f.q, f.ranks, d.t)
  return out
end

-- What may be done now: 'a' nothing, it is repeated by itself until …; 'w' nothing before …;
-- 'r' the same request until …; 'n' a new attempt; 'x' nothing any more. And that time in ms.
function doubt.choice(d, x)
  local ms = d.t.ms
  if d.r.state == 'cancelled' then return 'x', 0 end
  if x.is_auto then return 'a', x.newest.q.till - d.t.back end
  if ms < x.ready then return 'w', x.ready end
  if x.newest and doubt.is_same(d, x.newest, ms) then return 'r', x.newest.q.window - d.t.back end
  if ms < x.window then return 'w', x.window end
  if x.rec.attempt >= 15 then return 'x', 0 end
  return 'n', 0
end

-- [run, p, string, wait_ms] → [ms now, then rank, record, choice, its ms, ms of the last copy, copies
-- of each in doubt]; the run's or string's absence: [0]. Reads only.
function doubt.look(_, a)
  local run, p, j = a[1], tonumber(a[2]), tonumber(a[3])
  local key, found = records_key(run, p, j * STRING), false
  local bytes = call('GET', key) or ''
  for at = 1, #bytes, 8 do
    if byte(bytes, at) % 16 == S.UNKNOWN then found = true break end
  end
  local d = found and doubt.read(run, p, j, tonumber(a[4]))
  if not d then return { 0 } end
  local out = { int(d.t.ms) }
  for rank = d.w.from, d.w.to - 1 do
    if byte(bytes, (rank - d.w.from) * 8 + 1) % 16 == S.UNKNOWN then
      local x = doubt.facts(d, rank)
      local what, at = doubt.choice(d, x)
      local i = #out
      out[i + 1], out[i + 2], out[i + 3] = rank, sub(bytes, (rank - d.w.from) * 8 + 1,
        (rank - d.w.from) * 8 + 8), what
      out[i + 4], out[i + 5], out[i + 6] = int(at), int(x.asked),
        x.newest and #x.newest.q.copies or 0
    end
  end
  return out
end

-- What a range to be claimed must hold whole: due ranges, and requests that may be repeated
-- by themselves. By rank: list of {from, to, {todo key, member} or nil}.
function doubt.cover(d, todo_keys)
  local cover = {}
  local function add(from, to, due)
    local one = { from, to, due }
    for rank = from, to - 1 do
      cover[rank] = cover[rank] or {}
      table.insert(cover[rank], one)
    end
  end
  for _, key in ipairs(todo_keys) do
    for _, m in ipairs(call('ZRANGE', key, 0, -1)) do
      local f, e = string.match(m, '^(%d+):(%d+)$')
      f, e = tonumber(f), tonumber(e)
      if f >= d.w.from and e <= d.w.to then add(f, e, { key, m }) end
    end
  end
  for _, f in ipairs(d.requests) do
    if is_inside(d.w, f.ranks) and is_repeatable(d.w, f.q, f.ranks, d.t) then
      add(f.ranks[1], f.ranks[#f.ranks] + 1)
    end
  end
  return cover
end

-- [from, to) grown to what it must hold whole. nil: somebody works in it. The due ranges that
-- it swallows are collected in d.due.
function doubt.range(d, from, to)
  local last = d.last_range
  if last and from >= last[1] and to <= last[2] then return last end
  local rank, due = from, {}
  while rank < to do
    local next_rank = rank + 1
    for _, one in ipairs(d.cover[rank] or {}) do
      if one[3] then due[one[3]] = true end
      if one[1] < from then from, next_rank = one[1], math.min(next_rank, one[1]) end
      to = math.max(to, one[2])
    end
    if d.leased[rank] then return nil end
    rank = next_rank
  end
  for m in pairs(due) do d.due[m] = true end
  d.last_range = { from, to }
  return d.last_range
end

-- May this rank lie inside a range that is claimed for others? Settled, or held.
function doubt.is_idle(d, rank)
  local r = window_get(d.w, rank)
  return not d.leased[rank] and not OPEN[r.state] and
    (r.state ~= S.UNKNOWN or r.flags % 32 >= HELD)
end

-- Ranges in order; those that touch, or have only idle members between, become one: a
-- gateway with a smallest batch gets as many together as there are.
function doubt.join(d, ranges)
  table.sort(ranges, function(x, y) return x[1] < y[1] end)
  local out = {}
  for _, r in ipairs(ranges) do
    local last = out[#out]
    local is_near = last and r[2] - last[1] <= RANGE_MAX
    for rank = last and last[2] or 0, is_near and r[1] - 1 or -1 do
      is_near = is_near and doubt.is_idle(d, rank)
    end
    if last and (is_near or r[1] < last[2]) then last[2] = math.max(last[2], r[2])
    else out[#out + 1] = { r[1], r[2] } end
  end
  return out
end

-- Ranks of these ranges that have a step left, and when.
function doubt.open_ranks(d, ranges)
  local out = {}
  for _, range in ipairs(ranges) do
    for rank = range[1], range[2] - 1 do
      if not doubt.is_idle(d, rank) then out[rank] = d.t.ms end
    end
  end
  return out
end

-- Something is to be sent again: a run that was finished is open again.
function doubt.reopen(run, r)
  if window.has_expired(r) then window.open_again(run) end
  if r.state ~= 'finished' then return end
  call('HDEL', K.run .. run, 'over_s')
  set_state(run, 'running')
  call('ZADD', K.runs, int(r.prio or 9), run)
end

-- Four bytes each: offset in the string (2), attempt, copies (0 = a new attempt).
function doubt.members(text, from)
  local out = {}
  for i = 1, #text, 4 do
    local x, y, attempt, copies = byte(text, i, i + 3)
    out[#out + 1] = { rank = from + x + y * 256, attempt = attempt, copies = copies }
  end
  return out
end

-- One member of a resend → its letter, and the request that is repeated.
function doubt.decide(d, m)
  local x = doubt.facts(d, m.rank)
  if x.rec.state ~= S.UNKNOWN or x.rec.attempt ~= m.attempt then return '=' end
  local what = doubt.choice(d, x)
  if what == 'r' and m.copies > 0 then
    -- Told again after its copy was made it is another question.
    return #x.newest.q.copies == m.copies and 'r' or '=', x.newest
  end
  if what == 'n' and m.copies == 0 then return 'n' end
  return 'w'
end

-- [run, p, string, members, wait_ms] → [letters], or [letters, state of the run]: r the request
-- is repeated, n a new attempt waits, = not in doubt as it was, w not now.
-- A member is named with the attempt (and the copies) that the person saw: told again,
-- it finds another, and changes nothing.
function doubt.resend(_, a)
  local run, p, j = a[1], tonumber(a[2]), tonumber(a[3])
  local d = doubt.read(run, p, j, tonumber(a[5]))
  if not d then return { string.rep('=', #a[4] / 4), 'gone' } end
  if d.r.state == 'cancelled' then return { string.rep('w', #a[4] / 4), 'cancelled' } end
  local is_ending = window.has_expired(d.r) and call('EXISTS', K.run .. run .. K.pieces) == 1
  if is_ending then return { string.rep('w', #a[4] / 4), d.r.state } end
  local list = route.of(d.r, p)
  d.cover, d.due = doubt.cover(d, todo.keys(run, p, list)), {}
  local letters, repeats, news, ranges = {}, {}, {}, {}
  for i, m in ipairs(doubt.members(a[4], d.w.from)) do
    local letter, f = doubt.decide(d, m)
    local range
    if letter == 'r' then
      range = doubt.range(d, f.ranks[1], f.ranks[#f.ranks] + 1)
      if range then repeats[f.field] = f end
    elseif letter == 'n' then
      range = doubt.range(d, m.rank, m.rank + 1)
      if range then news[#news + 1] = m end
    end
    if range then ranges[#ranges + 1] = range
    elseif letter == 'r' or letter == 'n' then letter = 'w' end
    letters[i] = letter
  end
  if #ranges == 0 then return { table.concat(letters), d.r.state } end

  -- Only writes from here.
  local now_s = seconds_of(d.t, d.r.launched_s)
  for _, f in pairs(repeats) do
    f.q.till, f.q.most = f.q.window, #f.q.copies + MAX_COPIES
    for i, rank in ipairs(f.ranks) do
      local rec = window_get(d.w, rank)
      if phase_of(d.w, rank, byte(f.q.attempts, i)) == S.UNKNOWN and rec.flags % 32 >= HELD then
        rec.flags = rec.flags - HELD
        d.w.changed[rank] = rec
      end
    end
    call('HSET', d.key, f.field, cmsgpack.pack(f.q))
  end
  for _, m in ipairs(news) do
    set_phase(d.w, m.rank, m.attempt + 1, S.WAITING, R.RESENT, now_s)
  end
  for due in pairs(d.due) do call('ZREM', due[1], due[2]) end
  ranges = doubt.join(d, ranges)
  if #list > 1 then
    todo.put_again(d.w, list, doubt.open_ranks(d, ranges), function(rank)
      return doubt.is_idle(d, rank)
    end, d.t)
  end
  window_write(d.w)
  for _, r in ipairs(#list > 1 and {} or ranges) do todo_add(run, p, r[1], r[2], d.t.ms) end
  doubt.reopen(run, d.r)
  call('PUBLISH', K.tick, 'run')
  return { table.concat(letters), d.r.state }
end

-- After members of these requests were settled by a person.
function doubt.look_again(d, touched)
  for _, f in pairs(touched) do
    if not is_repeatable(d.w, f.q, f.ranks, d.t) and not is_sending(d.w, f.q, f.ranks) then
      request_hold(d.w, f.q, f.ranks)
    end
    request_write(d.key, f.field, d.w, f.q, f.ranks)
  end
end

-- Member k of request f was not sent, under this attempt: what it was charged is given back.
function doubt.give_back(d, f, k)
  local q = f.q
  if q.caps then caps.give_back(d.r, q, k) end
  local copies = {}
  for id in pairs(q.paid or {}) do copies[#copies + 1] = id end
  for _, id in ipairs(copies) do
    limits.give_back(q, id, limits.parts_of(d.w, f.ranks), function(i) return i ~= k and 'U' end)
  end
end

-- What was in doubt of message m becomes what a person says of it.
function doubt.mark_one(d, m, is_sent, now_s)
  for at = m.attempt, 1, -1 do
    if phase_of(d.w, m.rank, at) == S.UNKNOWN then
      set_phase(d.w, m.rank, at, is_sent and S.ACCEPTED or S.REFUSED,
        is_sent and R.MARKED_SENT or R.MARKED_NOT_SENT, now_s)
      if is_sent then break end
      for _, of in ipairs(d.of_rank[m.rank] or {}) do
        if of.attempt == at then doubt.give_back(d, of.f, of.k) end
      end
    end
  end
end

-- [run, p, string, members, wait_ms, 'sent'|'not-sent', is it only asked (0|1)] → [letters]: + it
-- becomes so, = not in doubt as it was, w not now.
-- Sent: evidence like a receipt, at any time. Not sent: no copy of it was taken, a "no"
-- about each of its copies; so it wants what a resend wants, and later evidence that one
-- was taken still wins. What it was charged of caps and calendar limits is given back.
function doubt.mark(_, a)
  local run, p, j, is_sent = a[1], tonumber(a[2]), tonumber(a[3]), a[6] == 'sent'
  local d = doubt.read(run, p, j, tonumber(a[5]))
  if not d then return { string.rep('=', #a[4] / 4) } end
  local letters, marked, touched = {}, {}, {}
  for i, m in ipairs(doubt.members(a[4], d.w.from)) do
    local x = doubt.facts(d, m.rank)
    if x.rec.state ~= S.UNKNOWN or x.rec.attempt ~= m.attempt then letters[i] = '='
    elseif not is_sent and (x.is_auto or d.t.ms < x.ready) then letters[i] = 'w'
    else
      letters[i] = '+'
      marked[#marked + 1] = m
      for _, of in ipairs(d.of_rank[m.rank] or {}) do touched[of.f.field] = of.f end
    end
  end
  if a[7] == '1' then return { table.concat(letters) } end
  local now_s = seconds_of(d.t, d.r.launched_s)
  for _, m in ipairs(marked) do doubt.mark_one(d, m, is_sent, now_s) end
  doubt.look_again(d, touched)
  window_write(d.w)
  return { table.concat(letters) }
end

-- [run, members, lines of the log with line ends between, is it only asked (0|1)] → letters: + it is
-- news, = it was known, ? there is no such message.
-- What a gateway's list says. A member: partition, rank (4), attempt, state: the one that it
-- proves.
function doubt.evidence(_, a)
  local run, text, is_dry = a[1], a[2], a[4] == '1'
  local r = run_get(run)
  local t = clock()
  local letters, lines = {}, {}
  for line in string.gmatch(a[3], '[^\n]+') do lines[#lines + 1] = line end
  for i = 1, #text, 7 do
    local p, b, c, e, f, attempt, state = byte(text, i, i + 6)
    local rank = b + c * 256 + e * 65536 + f * 16777216
    local w = r.launched_s and window_open(run, p, rank, rank + 1)
    local letter = '?'
    if w and attempt >= 1 and attempt <= window_get(w, rank).attempt then
      local is_news = RANK[state] > RANK[phase_of(w, rank, attempt)]
      letter = is_news and '+' or '='
      if is_news and not is_dry then
        merge(w, rank, attempt, state, state == S.UNDELIVERABLE and R.RECEIPT_FAILED or 0,
          seconds_of(t, r.launched_s))
        window_write(w)
        call('RPUSH', K.run .. run .. K.log, lines[(i - 1) / 7 + 1])
      end
    end
    letters[#letters + 1] = letter
  end
  return table.concat(letters)
end

-- [run, then lane, ids (eleven bytes each) in pairs] → for each id partition, rank (4), attempt:
-- 0 = no message of this run has it, 255 = several have. Reads only.
function doubt.whose(_, a)
  local found, count = {}, #(a[3] or '') / ids.bytes
  for k = 2, #a, 2 do
    for i = 1, count do
      local m = not found[i] and ids.find(a[k], sub(a[k + 1], i * ids.bytes - ids.bytes + 1,
        i * ids.bytes))
      if m and m.run == a[1] then found[i] = m end
    end
  end
  local out = {}
  for i = 1, count do
    local m = found[i] or { p = 0, rank = 0, attempt = 0 }
    out[i] = char(m.p, m.rank % 256, floor(m.rank / 256) % 256, floor(m.rank / 65536) % 256,
      floor(m.rank / 16777216), m.is_many and 255 or m.attempt)
  end
  return table.concat(out)
end

export('doubt_whose', doubt.whose, { 'no-writes' })
export('doubt_look', doubt.look, { 'no-writes' })
export('doubt_resend', doubt.resend)
export('doubt_mark', doubt.mark, ANYWAY)
export('doubt_evidence', doubt.evidence, ANYWAY)
