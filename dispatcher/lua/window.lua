-- SPDX-License-Identifier: MIT
-- In what time a run is sent: spread evenly until a time, and until when at all.
--
-- smooth_s: the run's speed follows from who is left and how long it is until then; the keeper sets it
-- in each turn (smooth_speed), so what a pause or a slow partner has cost is made up for. finish_s: from
-- then on nothing of it leaves; it is 0 from the step on that ends what waits, as a cancel does.

local window = { VN_S = 25200, DAY_S = 86400, LEAST_CHANGE = 0.02 }

-- The first time that this minute of the Vietnamese day comes after s.
function window.next_minute(s, minute)
  local at = floor((s + window.VN_S) / window.DAY_S) * window.DAY_S - window.VN_S + minute * 60
  if at <= s then at = at + window.DAY_S end
  return at
end

-- When hours from..to (minutes) are open from s on, and when they close then (nil = never).
function window.hours(s, from, to)
  if not from or not to or (from == 0 and to >= 1440) then return s, nil end
  local minute = floor((s + window.VN_S) % window.DAY_S / 60)
  local is_open
  if from <= to then is_open = minute >= from and minute < to
  else is_open = minute >= from or minute < to end
  local opens = is_open and s or window.next_minute(s, from)
  return opens, window.next_minute(opens, to)
end

-- What a launch makes of it. f: its fields. → fields of the run; finish_s, nil = none, and when its hours open
function window.fields(campaign_key, f, launched_s)
  local v = call('HMGET', campaign_key, 'smooth_until', 'finish_by')
  if not v[1] and not v[2] then return {} end
  local begins = tonumber(f.due_s) or launched_s
  local opens, closes = window.hours(begins, tonumber(f.hours_from), tonumber(f.hours_to))
  local out, finish_s = {}, v[2] and window.next_minute(begins, tonumber(v[2]))
  if v[1] then
    local until_s = window.next_minute(begins, tonumber(v[1]))
    if closes and closes < until_s then until_s = closes end
    -- The keeper knows how many they are in a moment.
    out = { 'smooth_s', int(until_s), 'smooth_from_s', int(opens), 'smooth_speed', '1' }
  end
  if finish_s then out[#out + 1], out[#out + 2] = 'finish_s', int(finish_s) end
  return out, finish_s, opens
end

-- The freeze for whose sake nothing may leave between s and finish_s, by its hours too; nil: something may.
function window.frozen(f, s, finish_s)
  local t, at, first = clock(), s * 1000, nil
  local from, to = tonumber(f.hours_from), tonumber(f.hours_to)
  for _ = 1, hours.STEPS do
    local freeze = hours.freeze(f, t, at)
    local wait = freeze and freeze.to * 1000 - at or hours.wait(at, from, to)
    if wait == 0 or at >= finish_s * 1000 then break end
    at, first = at + wait, first or freeze
  end
  return at >= finish_s * 1000 and first or nil
end

-- May it begin? → nil, or the answer of the launch: its time is over, or comes before its hours open, or
-- before a freeze ends.
function window.refused(campaign_key, f, now_s)
  local _, finish_s, opens = window.fields(campaign_key, f, now_s)
  if finish_s and finish_s <= now_s then return { 'over', 0 } end
  if finish_s and finish_s <= opens then return { 'closed', 0 } end
  local freeze = finish_s and window.frozen(f, math.max(opens, now_s), finish_s)
  if freeze then return { 'frozen', 0, hours.freeze_text(freeze) } end
end

-- Of a run as it was read: the slower of its two speeds is its speed.
function window.slow_down(r)
  local pace = tonumber(r.smooth_speed)
  if pace and not (tonumber(r.speed) and r.speed < pace) then r.speed = pace end
end

function window.is_over(r, t)
  return r.finish_s and t.ms >= r.finish_s * 1000
end

-- Everything of it that was not sent has ended, or is about to.
function window.has_expired(r) return r.finish_s == 0 end

-- How what waits in a run ends of which nothing leaves any more: state, reason; nil = it goes on.
function window.ending(r)
  if r.state == 'cancelled' then return S.CANCELLED, 0 end
  if window.has_expired(r) then return S.EXPIRED, R.FINISH_BY end
end

-- Those that are not in an end and not with a partner.
function window.left(key)
  local left = tonumber(call('HGET', key, 'audience')) or 0
  for _, name in pairs(COUNTED) do
    if name ~= 'retry' then left = left - (tonumber(call('HGET', key .. K.count, name)) or 0) end
  end
  return math.max(0, left)
end

-- By the keeper: the pace at which it ends in time.
function window.smooth(r, t)
  if r.state ~= 'running' or not r.smooth_speed then return end
  local key = K.run .. r.id
  local v = call('HMGET', key, 'smooth_s', 'smooth_from_s')
  local begins, ends, now = tonumber(v[2]) or 0, tonumber(v[1]) or 0, t.ms / 1000
  if now >= ends then
    call('HDEL', key, 'smooth_speed', 'slow_till', 'slow_why')
    return
  end
  local pace = math.max(0.001, window.left(key) / (ends - math.max(now, begins)))
  local was = tonumber(r.smooth_speed) or 0
  if math.abs(pace - was) <= was * window.LEAST_CHANGE then return end
  call('HSET', key, 'smooth_speed', string.format('%.4f', pace))
  call('HDEL', key, 'slow_till', 'slow_why')
end

-- A person lets messages of it leave again.
function window.open_again(run)
  call('HDEL', K.run .. run, 'finish_s', 'smooth_s', 'smooth_from_s', 'smooth_speed')
end
