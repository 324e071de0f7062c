-- SPDX-License-Identifier: MIT
-- Limits: how much may leave, counted in messages, parts or requests.
--
-- A *rate* (per second, per minute) is a GCRA on Redis time: the moment until which it is paid
-- for, paced at PACE of the contract; a slot that nobody used is lost. A *calendar* limit (per
-- day, per month of Vietnam) is a counter of its period; what a gateway says that it did not take
-- is given back. *Concurrency* is how many requests are on the wire. permit looks at all of them
-- and then charges all or none; the one that makes it wait longest is the answer.
--
-- What is counted together (`of`): a provider (its lane's hash), a brandname or a unit over all
-- providers (hashes of their own), a run (its speed). A limit of the unit or the run holds up
-- that run only; every other holds up the lane.
--
-- Which limits there are stands in the lane's hash as text, a line each,
-- "OF COUNTS PER MOST NAME": `limits`, and of units `limits:NUMBER`, or `limits:*` of every
-- unit that has no such field. How far one is used stands in the field COUNTS:PER of the hash it
-- is counted in: of a rate "paid-till paid-at rate" (µs), of a calendar limit
-- "period used used-of-the-period-before". The contracted rate itself has the fields tat, tat_at
-- and tat_rate.

local limits = { HORIZON_US = 16000, PACE = 0.992, DAY_MS = 86400000, VIETNAM_MS = 25200000,
  SECONDS = { second = 1, minute = 60 },
  PARK_US = 65000000, SLOW_MS = 5000, texts = {}, text_count = 0 }

-- A text as a table; kept, for the same few texts come again with each request.
function limits.parse(text)
  if not text or text == '' then return {} end
  local known = limits.texts[text]
  if known then return known end
  local out = {}
  for line in string.gmatch(text, '[^\n]+') do
    local of, counts, per, most, name = string.match(line, '^(%l+) (%l+) (%l+) (%d+) ?(.*)$')
    if of then
      out[#out + 1] = { of = of, counts = counts, per = per, most = tonumber(most), name = name,
        field = counts .. ':' .. per, seconds = limits.SECONDS[per] }
    end
  end
  if limits.text_count >= 256 then limits.texts, limits.text_count = {}, 0 end
  limits.texts[text], limits.text_count = out, limits.text_count + 1
  return out
end

function limits.key(lane, l, unit)
  if l.of == 'provider' then return K.lane .. lane end
  return K.limit .. l.of .. ':' .. (l.of == 'unit' and int(unit) or l.name)
end

limits.LANE_FIELDS = { 'rate', 'tat', 'concurrency', 'not_before', 'why', 'purged', 'tat_at',
  'not_since', 'tat_rate', 'limits', 'limits:*', 'units', 'factor', 'factor_at', 'opens', 'probe' }

-- What permit and claim look at of a lane.
function limits.lane(lane)
  local v = call('HMGET', K.lane .. lane, unpack(limits.LANE_FIELDS))
  local lv = { name = lane, key = K.lane .. lane, of_run = {}, meters = {} }
  for i, name in ipairs(limits.LANE_FIELDS) do lv[name] = v[i] end
  return lv
end

-- The limits of a unit on this lane, as text.
function limits.of_unit(lv, unit)
  return lv.units and book.get(lv.key, 'limits:' .. int(unit)) or lv['limits:*']
end

-- The limits of a text with how far each is used, one reading of each hash.
function limits.read(lane, list, unit)
  local keys, fields, out = {}, {}, {}
  for _, l in ipairs(list) do
    local key = limits.key(lane, l, unit)
    if not fields[key] then
      keys[#keys + 1], fields[key] = key, {}
    end
    table.insert(fields[key], l)
  end
  for _, key in ipairs(keys) do
    local names = {}
    for i, l in ipairs(fields[key]) do names[i] = l.field end
    local v = call('HMGET', key, unpack(names))
    for i, l in ipairs(fields[key]) do out[#out + 1] = { l = l, key = key, was = v[i] } end
  end
  return out
end

-- ---- rates ----

-- How far ahead of now a rate is paid for, µs, and whether that is another moment than the one that is
-- written down: what was to be paid by a clock that was set back since is to be paid from now;
-- what was left to pay when the rate was changed is paid at the new one.
function limits.paid_ahead(tat, at, was, per_s, t)
  local till, since = tonumber(tat) or t.us, tonumber(at) or t.us
  local left, is_other = till - t.us, false
  if t.us < since then left, is_other = math.max(0, till - since), true end
  was = tonumber(was)
  if left > 0 and was and was > 0 and was ~= per_s then
    left, is_other = left * was / per_s, true
  end
  return left, is_other
end

function limits.rate_text(tat, t, per_s)
  return int(tat) .. ' ' .. int(t.us) .. ' ' .. string.format('%.17g', per_s)
end

-- ---- calendar ----

-- Months since March of the year 0; the day is one since 1970. (After Hinnant's days_from_civil.)
function limits.month_of(day)
  local z = day + 719468
  local era = floor(z / 146097)
  local doe = z - era * 146097
  local yoe = floor((doe - floor(doe / 1460) + floor(doe / 36524) - floor(doe / 146096)) / 365)
  local doy = doe - (365 * yoe + floor(yoe / 4) - floor(yoe / 100))
  return (yoe + era * 400) * 12 + floor((5 * doy + 2) / 153)
end

function limits.first_day_of(month)
  local y, m = floor(month / 12), month % 12
  return 365 * y + floor(y / 4) - floor(y / 100) + floor(y / 400) + floor((153 * m + 2) / 5) - 719468
end

-- The period that is now, and the milliseconds until it is over.
function limits.period(per, t)
  local day = floor((t.ms + limits.VIETNAM_MS) / limits.DAY_MS)
  local number, next_day = day, day + 1
  if per == 'month' then
    number = limits.month_of(day)
    next_day = limits.first_day_of(number + 1)
  end
  return number, next_day * limits.DAY_MS - limits.VIETNAM_MS - t.ms
end

-- A counter as it is in this period. A clock that was set back over midnight finds the day that
-- it is in again. One that was far ahead meanwhile finds it in the field COUNTS:PER:left, "period
-- used": what was counted last before it went more than one period on. One that was set back to
-- another day goes on with what was used last.
function limits.counter(was, period, key, field)
  local p, n, before = string.match(was or '', '^(%d+) (%d+) (%d+)$')
  p, n, before = tonumber(p) or period, tonumber(n) or 0, tonumber(before) or 0
  if p == period - 1 then return { period = period, n = 0, before = n } end
  if p < period then
    return { period = period, n = 0, before = 0, left = n > 0 and { period = p, n = n } or nil }
  end
  if p == period + 1 then return { period = p, n = n, before = before, is_before = true } end
  if p > period then
    local of, used = string.match(book.get(key, field .. ':left') or '', '^(%d+) (%d+)$')
    if tonumber(of) == period then
      return { period = p, n = n, before = before, is_left = true,
        left = { period = period, n = tonumber(used) } }
    end
  end
  return { period = period, n = n, before = p == period and before or 0 }
end

function limits.used(c)
  if c.is_left then return c.left.n end
  return c.is_before and c.before or c.n
end

-- The period that a charge is of.
function limits.charged(c)
  if c.is_left then return c.left.period end
  return c.is_before and c.period - 1 or c.period
end

function limits.counter_text(c)
  return int(c.period) .. ' ' .. int(c.n) .. ' ' .. int(c.before)
end

function limits.counted(c, more)
  local of = c.is_left and c.left or c
  local name = c.is_before and 'before' or 'n'
  of[name] = math.max(0, of[name] + more)
end

function limits.counter_write(key, field, c)
  book.set(key, field, limits.counter_text(c))
  if c.left then book.set(key, field .. ':left', int(c.left.period) .. ' ' .. int(c.left.n)) end
end

-- ---- all of them ----

function limits.whose(lane, l, unit)
  if l.of == 'run' then return 'the campaign' end
  if l.of == 'provider' then return 'provider ' .. lane end
  return l.of .. ' ' .. (l.of == 'unit' and int(unit) or l.name)
end

function limits.used_up(lane, l, unit)
  return 'the ' .. l.per .. '\'s ' .. int(l.most) .. ' ' .. l.counts .. ' of ' ..
    limits.whose(lane, l, unit) .. ' are used up'
end

function limits.words(lane, l, unit)
  if l.of == 'run' then return 'speed of the campaign' end
  return 'rate of ' .. int(l.most) .. ' ' .. l.counts .. ' a ' .. l.per .. ' of ' ..
    limits.whose(lane, l, unit)
end

-- A limit with how far it is used: a rate has `per_s` and `ahead`, how far it is paid for (µs from
-- now; is_other: to another moment than is written down); a calendar limit has `c` and `left_ms`.
function limits.meter(lv, one, unit, t)
  local l = one.l
  local m = { key = one.key, field = l.field, of = l.of, counts = l.counts }
  if l.seconds then
    local tat, at, was = string.match(one.was or '', '^(%d+) (%d+) (%S+)$')
    m.per_s, m.why = l.most / l.seconds, limits.words(lv.name, l, unit)
    m.ahead, m.is_other = limits.paid_ahead(tat, at, was, m.per_s, t)
    m.is_known = tonumber(tat) ~= nil
  else
    local period, left_ms = limits.period(l.per, t)
    m.c, m.left_ms, m.most = limits.counter(one.was, period, m.key, m.field), left_ms, l.most
    m.period = period
    m.why = limits.used_up(lv.name, l, unit)
  end
  return m
end

-- The contracted rate.
function limits.contract(lv, per_s, t)
  local m = { key = lv.key, of = 'provider', counts = 'contract', per_s = per_s, why = 'rate' }
  m.ahead, m.is_other = limits.paid_ahead(lv.tat, lv.tat_at, lv.tat_rate, per_s, t)
  m.is_known = tonumber(lv.tat) ~= nil
  return m
end

-- Every limit that applies to run r on this lane. In one call the same limit is the same meter, of
-- whatever runs: what one request is charged the next one sees.
function limits.all(lv, r, per_s, t)
  local unit, id = r.unit or 0, r.id or ''
  if lv.of_run[id] then return lv.of_run[id] end
  lv.contract = lv.contract or limits.contract(lv, per_s, t)
  local out, list, unread = { lv.contract }, {}, {}
  for _, l in ipairs(limits.parse(lv.limits)) do list[#list + 1] = l end
  for _, l in ipairs(limits.parse(limits.of_unit(lv, unit))) do list[#list + 1] = l end
  for _, l in ipairs(list) do
    if not lv.meters[limits.key(lv.name, l, unit) .. ' ' .. l.field] then unread[#unread + 1] = l end
  end
  for _, one in ipairs(limits.read(lv.name, unread, unit)) do
    lv.meters[one.key .. ' ' .. one.l.field] = limits.meter(lv, one, unit, t)
  end
  for _, l in ipairs(list) do
    out[#out + 1] = lv.meters[limits.key(lv.name, l, unit) .. ' ' .. l.field]
  end
  if tonumber(r.speed) then
    local speed = { key = K.run .. r.id, was = r.pace, l = { of = 'run', counts = 'messages',
      per = 'second', most = tonumber(r.speed), field = 'pace', seconds = 1 } }
    out[#out + 1] = limits.meter(lv, speed, unit, t)
    lv.meters[speed.key] = out[#out]
  end
  lv.of_run[id] = out
  return out
end

-- The longest wait wins: it is the limit that binds.
function limits.bind(look, us, m)
  if us > look.wait then
    look.wait, look.why, look.is_run = us, m.why, m.of == 'unit' or m.of == 'run'
    look.is_rate = m.per_s ~= nil
    look.is_left = m.c and limits.used(m.c) < m.most
  end
end

-- May a request of run r leave? cost: {contract, messages, parts, requests}; factor: see health.
-- → a look: `wait` us (0 = it may), `why`, `is_run`, `is_rate` and `is_left`, whether a smaller one might
-- still; `ahead`, its slot, us from now. Reads only.
function limits.look(lv, r, cost, t, factor)
  local look = { wait = 0, ahead = 0, us = {}, cost = cost, meters = {} }
  local per_s = tonumber(lv.rate)
  -- A lane without a rate was never published: nothing leaves.
  if not per_s or per_s <= 0 then
    limits.bind(look, 1000000, { why = 'rate', of = 'provider' })
    return look
  end
  look.meters = limits.all(lv, r, per_s, t)
  for i, m in ipairs(look.meters) do
    local n = cost[m.counts]
    if m.per_s then
      if m.ahead > limits.HORIZON_US then limits.bind(look, m.ahead - limits.HORIZON_US, m) end
      look.ahead = math.max(look.ahead, m.ahead)
      look.us[i] = n * 1000000 / (m.per_s * limits.PACE * (m.of == 'provider' and factor or 1))
    elseif limits.used(m.c) + n > m.most then
      limits.bind(look, m.left_ms * 1000, m)
    end
  end
  return look
end

-- The least that did not fit into what is left of a calendar limit, of this period. (See closed.)
function limits.too_much(m, n)
  local of, least = string.match(book.get(m.key, m.field .. ':over') or '', '^(%d+) (%d+)$')
  if tonumber(of) ~= m.period or n < tonumber(least) then
    book.set(m.key, m.field .. ':over', int(m.period) .. ' ' .. int(n))
  end
end

-- Nothing may leave: only what a clock that was set back, or a new rate, has moved is written, and
-- what did not fit.
function limits.refuse(look)
  for _, m in ipairs(look.meters) do
    m.is_moved = m.is_moved or m.is_other
    local n, used = look.cost[m.counts], m.c and limits.used(m.c)
    if used and used < m.most and used + n > m.most then limits.too_much(m, n) end
  end
end

-- Charge all of them, rates from the slot on, or from what `from` says.
-- → what may have to be given back: {{hash, field, period, what it counts}, …}
function limits.charge(look, from)
  local paid = {}
  for i, m in ipairs(look.meters) do
    m.is_moved = true
    if m.per_s then
      m.ahead = (from and from(m) or look.ahead) + look.us[i]
    else
      limits.counted(m.c, look.cost[m.counts])
      paid[#paid + 1] = { m.key, m.field, limits.charged(m.c), m.counts }
    end
  end
  return paid
end

-- What moved is written down.
function limits.write(lv, t)
  local function put(m)
    if not m.is_moved then return end
    if m.c then
      limits.counter_write(m.key, m.field, m.c)
    elseif m.field then
      book.set(m.key, m.field, limits.rate_text(t.us + m.ahead, t, m.per_s))
    else
      book.set(m.key, 'tat', int(t.us + m.ahead))
      book.set(m.key, 'tat_at', int(t.us))
      book.set(m.key, 'tat_rate', string.format('%.17g', m.per_s))
    end
  end
  if lv.contract then put(lv.contract) end
  for _, m in pairs(lv.meters) do put(m) end
end

-- These were surely not taken: cost as for `look`.
function limits.refund(paid, cost)
  for _, one in ipairs(paid) do
    local was = book.get(one[1], one[2]) or ''
    local c = limits.counter(was, one[3], one[1], one[2])
    if c.is_left or c.is_before or tonumber(string.match(was, '^%d+')) == one[3] then
      limits.counted(c, -cost[one[4]])
      limits.counter_write(one[1], one[2], c)
    end
  end
end

-- Give a copy's charges back, of each member once: `taken(i)` says whether member i may have been,
-- 'U' = in doubt: a person may say later that it was not. A request counts as taken when one of its
-- members may have been.
function limits.give_back(q, id, parts, taken)
  local paid = q.paid and q.paid[id]
  if not paid then return end
  local cost, in_doubt, back = { messages = 0, parts = 0, requests = 1 }, false, paid.back or {}
  for i = 1, #parts do
    local is_taken = not back[i] and taken(i)
    in_doubt = in_doubt or is_taken == 'U'
    if is_taken then cost.requests = 0
    elseif not back[i] then
      cost.messages, cost.parts, back[i] = cost.messages + 1, cost.parts + parts[i], true
    end
  end
  limits.refund(paid, cost)
  paid.back = back
  if not in_doubt then q.paid[id] = nil end
end

function limits.parts_of(w, ranks)
  local parts = {}
  for i, rank in ipairs(ranks) do parts[i] = window_get(w, rank).parts end
  return parts
end

-- A permit that Redis has lost, asked for at that moment, is told again: it counts in its periods,
-- and its rates are paid as they were, from then on. Whoever tells the later one first pays more.
function limits.charge_again(q, id, r, lane, cost, asked_ms, t)
  local lv = limits.lane(lane)
  local look, asked = limits.look(lv, r, cost, t, 1), math.min(asked_ms * 1000 - t.us, 0)
  local paid = limits.charge(look, function(m)
    return m.is_known and math.max(m.ahead, asked) or asked
  end)
  limits.write(lv, t)
  if #paid > 0 then
    q.paid = q.paid or {}
    q.paid[id] = paid
  end
end

-- Is a calendar limit used up? → ms until its period is over and why, of the lane's limits and of
-- the run's unit's. For claim, which then has nothing to give. is_wanted_whole: also when what is left
-- of it is too little for a request that was refused; another provider has more.
function limits.closed(lv, list, unit, t, is_wanted_whole)
  local wait, why
  for _, one in ipairs(limits.read(lv.name, list, unit)) do
    if not one.l.seconds then
      local period, left_ms = limits.period(one.l.per, t)
      local c = limits.counter(one.was, period, one.key, one.l.field)
      local of, n = string.match(is_wanted_whole and
        call('HGET', one.key, one.l.field .. ':over') or '', '^(%d+) (%d+)$')
      n = tonumber(of) == period and tonumber(n) or 1
      if limits.used(c) + n > one.l.most and left_ms > (wait or 0) then
        wait, why = left_ms, limits.used_up(lv.name, one.l, unit)
      end
    end
  end
  return wait, why
end

-- Members of the run that wait under a lease of this lane, of whatever process. Those of another
-- lane do not count: it may rest, or have others before them, and this one is free.
function limits.waiting(r, lane)
  local n, leases, of, p = 0, call('HGETALL', K.run .. r.id .. K.lease), {}, 0
  for name in string.gmatch(r.lanes or '', '[^,]+') do of[int(p)], p = name, p + 1 end
  for i = 1, #leases, 2 do
    local at, from = string.match(leases[i], '^(%d+):(%d+)$')
    local l = cmsgpack.unpack(leases[i + 1])
    local w = of[int(l.t or at)] == lane and window_open(r.id, tonumber(at), tonumber(from), l.to)
    for k = 1, w and #w.bytes or 0, 8 do
      local state = byte(w.bytes, k) % 16
      if state == S.WAITING or state == S.RETRY then n = n + 1 end
    end
  end
  return n
end

-- How many members of run r may be claimed now, at most `want`; or 0, the ms until it is worth
-- asking again, and why. A run that has a pace of its own, or its unit has one, is given half a
-- second of it at a time on each lane: more would only lie there, and a lane works on few chunks
-- at once. (permit sees to it that all lanes together keep to it.)
function limits.room(lv, r, want, t)
  local pace, why = tonumber(r.speed), 'speed of the campaign'
  local slow = (tonumber(r.slow_till) or 0) - t.ms
  if slow > 0 and slow <= limits.SLOW_MS then return 0, slow, r.slow_why end
  local till, of_lane = string.match(call('HGET', K.run .. r.id, 'slow:' .. lv.name) or '', '^(%d+) (.*)$')
  slow = (tonumber(till) or 0) - t.ms
  if slow > 0 and slow <= limits.SLOW_MS then return 0, slow, of_lane end
  if lv.units and r.unit then
    local list = limits.parse(call('HGET', lv.key, 'limits:' .. int(r.unit)) or lv['limits:*'])
    local closed, closed_why = limits.closed(lv, list, r.unit, t)
    if closed then return 0, closed, closed_why end
    for _, l in ipairs(list) do
      if l.seconds and (not pace or l.most / l.seconds < pace) then
        pace, why = l.most / l.seconds, limits.words(lv.name, l, r.unit)
      end
    end
  end
  if not pace then return want, 0 end
  local half, waiting = math.max(1, math.ceil(pace / 2)), limits.waiting(r, lv.name)
  if waiting >= half then
    return 0, math.max(20, math.min(1000, math.ceil(waiting * 500 / pace))), why
  end
  return math.min(want, half), 0
end

-- Requests on the wire of this lane, over all processes; a tenth, at least one, is
-- kept for single notices and campaigns of class emergency. What a dead process had there is forgotten, once a second
-- at most.
function limits.is_busy(lv, t, is_urgent)
  local busy, most = lv.key .. K.busy, tonumber(lv.concurrency) or 0
  if most > 1 and not is_urgent then most = most - math.max(1, floor(most / 10)) end
  if most == 0 or flight.count(lv) < most then return false end
  local ago = t.ms - (tonumber(lv.purged) or 0)
  if ago >= 0 and ago < 1000 then return true end
  lv.purged = int(t.ms)
  call('HSET', lv.key, 'purged', lv.purged)
  local v = call('HGETALL', busy)
  for i = 1, #v, 2 do
    if not is_alive(flight.owner(v[i + 1]), t) then call('HDEL', busy, v[i]) end
  end
  lv.on_wire = call('HLEN', busy) + (lv.added or 0)
  return lv.on_wire >= most
end

-- [lane, us, unit, run or nothing] → 1. Bytes left this much after their slot: the next slots are
-- moved, of the lane and the unit; or, where a run is said, those of its own speed.
function limits.late(_, a)
  local t, lv, unit = clock(), limits.lane(a[1]), tonumber(a[3])
  local us, none = math.min(tonumber(a[2]), 200000), { contract = 0, messages = 0, parts = 0, requests = 0 }
  local v = a[4] and call('HMGET', K.run .. a[4], 'speed', 'pace', 'smooth_speed') or {}
  local r = { id = a[4], unit = unit, speed = tonumber(v[1]), pace = v[2], smooth_speed = v[3] }
  window.slow_down(r)
  local look = limits.look(lv, r, none, t, 1)
  book.open()
  for _, m in ipairs(look.meters) do
    if m.per_s and (m.of == 'run') == (a[4] ~= nil) then
      m.ahead, m.is_moved = math.max(m.ahead, 0) + us, true
    end
  end
  limits.write(lv, t)
  book.write()
  return 1
end

-- [lane, when its file was read (µs), or below 0: how long ago that was; rate, concurrency, limits,
--  limits of every unit, unit, its limits, …] → when it was read (µs), by Redis's clock. What was read
-- last counts, whoever says it again: a process that lost its Redis for a while, or found none when it
-- began, and publishes what it has read long ago changes nothing. Whatever waits looks again.
function limits.publish(_, a)
  local key, t = K.lane .. a[1], clock()
  local newest, stamp = tonumber(call('HGET', key, 'published')) or 0, tonumber(a[2]) or 0
  if stamp <= 0 then stamp = t.us + stamp end
  if stamp < newest and newest <= t.us then return int(stamp) end
  local gone, words = { 'units' }, { 'published', int(stamp), 'rate', a[3], 'concurrency', a[4], 'limits', a[5] }
  if a[6] ~= '' then
    words[#words + 1] = 'limits:*'
    words[#words + 1] = a[6]
  end
  if a[6] ~= '' or #a > 6 then
    words[#words + 1] = 'units'
    words[#words + 1] = '1'
  end
  for i = 7, #a, 2 do
    words[#words + 1] = 'limits:' .. a[i]
    words[#words + 1] = a[i + 1]
  end
  for _, field in ipairs(call('HKEYS', key)) do
    if sub(field, 1, 7) == 'limits:' then gone[#gone + 1] = field end
  end
  call('HDEL', key, unpack(gone))
  call('HSET', key, unpack(words))
  fair.look_again(a[1])
  call('PUBLISH', K.tick, 'lanes')
  return int(stamp)
end
