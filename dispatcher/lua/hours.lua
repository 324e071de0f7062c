-- SPDX-License-Identifier: MIT
-- Hours: when messages of a run may leave, by the hours of its class and by freezes.
--
-- A freeze is a time in which nothing leaves: from, to (s), the unit for which it holds with those
-- below, the classes that are exempt, and what becomes of what falls inside: it waits, or its run
-- pauses and a person is asked. loa:freezes is a hash, number → JSON; halts.lua writes it. permit,
-- claim and notices ask here, by Redis's clock, so a freeze holds for every process at once.
--
-- The meta field freeze_ms is when the first of those begins that are not over; before that, and
-- where there is none, nobody reads the hash.

local hours = { STEPS = 16, DAY_MS = 86400000, VN_MS = 25200000, known = {}, known_count = 0 }

-- Milliseconds until the hours open, 0 when they are open at that moment. Vietnam is UTC+7.
function hours.wait(at_ms, from, to)
  if not from or not to or (from == 0 and to >= 1440) then return 0 end
  local ms_of_day = (at_ms + hours.VN_MS) % hours.DAY_MS
  local a, b = from * 60000, to * 60000
  local is_open
  if a <= b then is_open = ms_of_day >= a and ms_of_day < b
  else is_open = ms_of_day >= a or ms_of_day < b end
  if is_open then return 0 end
  return (a - ms_of_day) % hours.DAY_MS
end

-- "2027-10-10T08:00:00+07:00" of a Unix time in seconds. (Years that begin in March: the leap day
-- is the last one, so the months before it do not move.)
function hours.text(s)
  local vn = s + hours.VN_MS / 1000
  local days, sec = floor(vn / 86400) + 719468, vn % 86400
  local era = floor(days / 146097)
  local of_era = days - era * 146097
  local year = floor((of_era - floor(of_era / 1460) + floor(of_era / 36524) - floor(of_era / 146096)) / 365)
  local of_year = of_era - (365 * year + floor(year / 4) - floor(year / 100))
  local m = floor((5 * of_year + 2) / 153)
  local day = of_year - floor((153 * m + 2) / 5) + 1
  local month = m < 10 and m + 3 or m - 9
  return string.format('%04d-%02d-%02dT%02d:%02d:%02d+07:00', era * 400 + year + (month <= 2 and 1 or 0),
    month, day, floor(sec / 3600), floor(sec / 60) % 60, sec % 60)
end

-- ---- freezes ----

-- A person ended it, or its time is past.
function hours.is_over(f, t) return f.ended ~= nil or f.to * 1000 <= t.ms end

function hours.freeze_get(id)
  local v = call('HGET', K.freezes, id)
  return v and cjson.decode(v)
end

-- A record as a table that nobody changes. Kept: while one is in force each permit wants the same few.
function hours.record(text)
  local f = hours.known[text]
  if f then return f end
  if hours.known_count >= 512 then hours.known, hours.known_count = {}, 0 end
  f = cjson.decode(text)
  hours.known[text], hours.known_count = f, hours.known_count + 1
  return f
end

-- All that are not over, the first to begin first. Read once a call.
function hours.freezes(t)
  if t.freezes then return t.freezes end
  t.freezes = {}
  local v = t.freeze_ms and call('HGETALL', K.freezes) or {}
  for i = 1, #v, 2 do
    local f = hours.record(v[i + 1])
    f.id = tonumber(v[i]) -- its own, always the same
    if not hours.is_over(f, t) then table.insert(t.freezes, f) end
  end
  table.sort(t.freezes, function(x, y) return x.from < y.from or (x.from == y.from and x.id < y.id) end)
  return t.freezes
end

-- Is the unit `of`, or below it? By the records "PARENT MS NAME" of loa:units (account.lua).
function hours.is_below(unit, of)
  local at = tonumber(unit) or 1
  for _ = 1, 16 do
    if at == of or of == 1 then return true end
    at = tonumber(string.match(call('HGET', K.units, int(at)) or '', '^(%d+) '))
    if not at or at == 0 then return false end
  end
  return false
end

-- Is what r says (class, unit) held by the freeze?
function hours.is_held(f, r)
  for _, class in ipairs(f.exempt) do if class == r.class then return false end end
  return hours.is_below(r.unit, f.unit)
end

-- The freeze that holds r's messages at a moment; of several the one that ends last; nil: none does.
-- asks: only one that wants a person's word.
function hours.freeze(r, t, at_ms, asks)
  if not t.freeze_ms or at_ms < t.freeze_ms then return nil end
  local last
  for _, f in ipairs(hours.freezes(t)) do
    if f.from * 1000 <= at_ms and at_ms < f.to * 1000 and (not asks or f.inside == 'ask') and
      (not last or f.to > last.to) and hours.is_held(f, r) then last = f end
  end
  return last
end

function hours.freeze_text(f)
  return 'the freeze ' .. int(f.id) .. ' until ' .. hours.text(f.to) .. ': ' .. f.reason
end

-- ---- both ----

-- With the rule of the policy that was in force at the launch.
function hours.text_of(r)
  local rule = call('HGET', K.run .. r.id, 'hours_rule')
  return 'outside the hours of its class' .. (rule and ': ' .. rule or '')
end

-- → why nothing of the run may leave now, and milliseconds until that is over; nil: it may.
function hours.closed(r, t, at)
  at = at or t.ms
  local f = hours.freeze(r, t, at)
  if f then return hours.freeze_text(f), f.to * 1000 - at end
  local wait = hours.wait(at, r.hours_from, r.hours_to)
  if wait > 0 then return hours.text_of(r), wait end
end

-- → the same, and milliseconds until something may leave: behind a freeze there may be the night.
-- run: its number.
function hours.opens(run, t)
  local v = call('HMGET', K.run .. run, 'class', 'unit', 'hours_from', 'hours_to')
  local r = { id = run, class = v[1], unit = v[2], hours_from = tonumber(v[3]), hours_to = tonumber(v[4]) }
  local at, first = t.ms, nil
  for _ = 1, hours.STEPS do
    local why, wait = hours.closed(r, t, at)
    if not why then break end
    at, first = at + wait, first or why
  end
  if first then return first, at - t.ms end
end

-- The freeze for whose sake the run pauses now, until a person says more; nil: none. Each asks once.
function hours.asks(r, t)
  if r.state ~= 'running' or r.kind == 'notices' then return nil end
  local f = hours.freeze(r, t, t.ms, true)
  local asked = f and call('HGET', K.run .. r.id, 'freezes_asked') or ''
  if f and not string.find(asked, ',' .. int(f.id) .. ',', 1, true) then return f, asked end
end
