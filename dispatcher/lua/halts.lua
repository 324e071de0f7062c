-- SPDX-License-Identifier: MIT
-- Halts: freezes are added, changed, ended, told. What they do is in hours.lua.
--
-- A record: from, to (s), unit, exempt (classes), inside ('wait' or 'ask'), reason, by, ms (of its last
-- change), act and made (ids of what was said), ended (s, when a person ended it before its time).

local halts = { MOST = 64,  -- that are not over
  PAST = 200,               -- kept of those that are
  AHEAD_S = 2 * 366 * 86400, LONG_S = 366 * 86400, NAMED = 10 }

-- Meta's freeze_ms, as the records say. Also by each heartbeat: one is over, or the clock was set.
function halts.refresh(t)
  local first
  if call('EXISTS', K.freezes) == 1 then
    t.freeze_ms, t.freezes = 0, nil
    local f = hours.freezes(t)[1]
    first = f and f.from * 1000
  end
  if first then call('HSET', K.meta, 'freeze_ms', int(first))
  else call('HDEL', K.meta, 'freeze_ms') end
  t.freeze_ms = first
end

-- Whoever waited for one looks again.
function halts.write(id, f, t)
  call('HSET', K.freezes, id, cjson.encode(f))
  halts.refresh(t)
  for _, run in ipairs(call('ZRANGE', K.runs, 0, -1)) do fair.wake(run) end
  call('PUBLISH', K.tick, 'run')
end

-- Of those that are over only the newest are kept.
function halts.forget(t)
  local past, v = {}, call('HGETALL', K.freezes)
  for i = 1, #v, 2 do
    if hours.is_over(cjson.decode(v[i + 1]), t) then past[#past + 1] = tonumber(v[i]) end
  end
  table.sort(past)
  for i = 1, #past - halts.PAST do call('HDEL', K.freezes, int(past[i])) end
end

-- One of the same unit at the same time.
function halts.overlap(f, id, t)
  for _, other in ipairs(hours.freezes(t)) do
    if other.id ~= id and other.unit == f.unit and f.from < other.to and other.from < f.to then
      return other
    end
  end
end

-- Open runs that it holds, and the names of campaigns that are to be launched in it.
function halts.touched(f, t)
  local runs, names, more = 0, {}, 0
  for _, run in ipairs(call('ZRANGE', K.runs, 0, -1)) do
    local v = call('HMGET', K.run .. run, 'state', 'class', 'unit', 'kind')
    if v[1] == 'running' and v[4] ~= 'notices' and hours.is_held(f, { class = v[2], unit = v[3] }) then
      runs = runs + 1
    end
  end
  for _, id in ipairs(call('ZRANGEBYSCORE', K.schedule, int(f.from), '(' .. int(f.to))) do
    local v = call('HMGET', K.campaign .. id, 'name', 'class', 'unit')
    if v[1] and hours.is_held(f, { class = v[2], unit = v[3] }) then
      if #names < halts.NAMED then names[#names + 1] = v[1] else more = more + 1 end
    end
  end
  return { runs, names, more }
end

-- What is said of times → nil, or why it cannot be
function halts.refused(f, old, said_from, t)
  local now = floor(t.ms / 1000)
  if old and hours.is_over(old, t) then return { 'over' } end
  if said_from and old and old.from <= now and f.from ~= old.from then return { 'begun' } end
  if said_from and f.from < now and not (old and f.from == old.from) then return { 'past', 'from', now } end
  if f.to <= now then return { 'past', 'to', now } end
  if f.to <= f.from then return { 'order' } end
  if f.from > now + halts.AHEAD_S or f.to - f.from > halts.LONG_S then return { 'far' } end
end

-- ['', act, 'check' or 'do', id or '' = a new one, by, unit, from s, to s, exempt (JSON), inside,
-- reason]; '' = as it is, or by itself → ['done', ms, id, record, what it touches], or why not:
-- ['none'] ['over'] ['begun'] ['past', which, now s] ['order'] ['far'] ['full', most]
-- ['overlap', id, from s, to s, reason]
-- check: nothing is written. The same act again answers the same.
function halts.put(_, a)
  local t, id = clock(), tonumber(a[4])
  t.freeze_ms = t.freeze_ms or 0
  if a[3] == 'do' then
    for _, f in ipairs(hours.freezes(t)) do
      if f.act == a[2] or f.made == a[2] then
        return { 'done', int(f.ms), f.id, cjson.encode(f), halts.touched(f, t) }
      end
    end
  end
  local old = id and hours.freeze_get(a[4])
  if id and not old then return { 'none' } end
  local f = old and hours.freeze_get(a[4]) or { unit = tonumber(a[6]), made = a[2], from = floor(t.ms / 1000) }
  f.from, f.to = tonumber(a[7]) or f.from, tonumber(a[8]) or f.to
  if a[9] ~= '' then f.exempt = cjson.decode(a[9]) end
  if a[10] ~= '' then f.inside = a[10] end
  if a[11] ~= '' then f.reason = a[11] end
  local why = halts.refused(f, old, a[7] ~= '', t)
  if why then return why end
  if not id and #hours.freezes(t) >= halts.MOST then return { 'full', halts.MOST } end
  local other = halts.overlap(f, id, t)
  if other then return { 'overlap', other.id, other.from, other.to, other.reason } end
  if a[3] ~= 'do' then return { 'done', int(t.ms), id or 0, '', {} } end
  id = id or call('HINCRBY', K.seq, 'freeze', 1)
  f.act, f.ms, f.by, f.id = a[2], floor(t.ms), a[5], nil
  halts.forget(t)
  halts.write(int(id), f, t)
  return { 'done', int(t.ms), id, cjson.encode(f), halts.touched(f, t) }
end

-- ['', act, 'check' or 'do', id, by] → as put. It ends now; one that has not begun never holds.
function halts.finish(_, a)
  local t, f, id = clock(), hours.freeze_get(a[4]), tonumber(a[4])
  if not f then return { 'none' } end
  local now = floor(t.ms / 1000)
  if f.act ~= a[2] then
    if hours.is_over(f, t) then return { 'over' } end
    if a[3] ~= 'do' then return { 'done', int(t.ms), id, '', {} } end
    f.to, f.ended, f.act, f.ms, f.by = math.max(f.from, now), now, a[2], floor(t.ms), a[5]
    halts.write(a[4], f, t)
  end
  return { 'done', int(f.ms), id, cjson.encode(f), { 0, {}, 0 } }
end

-- [ms, id, record] → 1, 0 known already. Replay of one that Redis has lost.
function halts.again(_, a)
  local t, old = clock(), hours.freeze_get(a[2])
  if old and old.ms >= tonumber(a[1]) then return 0 end
  if tonumber(a[2]) > (tonumber(call('HGET', K.seq, 'freeze')) or 0) then call('HSET', K.seq, 'freeze', a[2]) end
  halts.write(a[2], cjson.decode(a[3]), t)
  return 1
end

-- [units that are seen, '' = all, 1 = those too that are over] → [now s, [id, record] …], by when
-- they begin. Reads only.
function halts.ls(_, a)
  local t, seen, list = clock(), {}, {}
  for unit in string.gmatch(a[1], '%d+') do seen[tonumber(unit)] = true end
  local v = call('HGETALL', K.freezes)
  for i = 1, #v, 2 do
    local f = cjson.decode(v[i + 1])
    local is_seen = a[1] == '' or seen[f.unit]
    if is_seen and (a[2] == '1' or not hours.is_over(f, t)) then
      list[#list + 1] = { f.from, tonumber(v[i]), v[i + 1] }
    end
  end
  table.sort(list, function(x, y) return x[1] < y[1] or (x[1] == y[1] and x[2] < y[2]) end)
  local out = { floor(t.ms / 1000) }
  for _, one in ipairs(list) do out[#out + 1] = { one[2], one[3] } end
  return out
end

-- [class, unit] → [now s, [id, record] …]: those that are not over and hold such messages. Reads only.
function halts.of(_, a)
  local t = clock()
  local out = { floor(t.ms / 1000) }
  for _, f in ipairs(hours.freezes(t)) do
    if hours.is_held(f, { class = a[1], unit = a[2] }) then
      out[#out + 1] = { f.id, call('HGET', K.freezes, int(f.id)) }
    end
  end
  return out
end
