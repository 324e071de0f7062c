-- SPDX-License-Identifier: MIT
-- Caps: how many messages of a class one phone gets in 24 hours and in seven times 24, over all
-- campaigns and single messages. What a run may do was frozen at its launch: cap_day, cap_week.
--
-- A message counts when it is permitted and stops counting when it surely was not sent: in doubt
-- it counts. permit looks and charges in one step, so no two processes exceed it together; a
-- sender looks at a whole chunk before (caps.check), as it does for suppressions, and permit is
-- asked for few that it will not let through.
--
-- loa:caps:CLASS:DAY:BUCKET is a hash: eight bytes of the phone's keyed hash → a byte a message,
-- the TICK of that day (UTC) in which it was permitted. A caller says eleven bytes a phone: three
-- more say the bucket. Of so many buckets each stays listpack-encoded on days of 10 million
-- messages; each expires by itself. A tick is six minutes: a message counts for 24 hours at least,
-- and six minutes more at most.

local caps = { HASH = 11, TICK_MS = 360000, TICKS = 240, BUCKETS = 131072, KEEP_S = 777600 }

function caps.key(class, day, hash)
  local a, b, c = byte(hash, 9, 11)
  return K.caps .. class .. ':' .. int(day) .. ':' .. (a + b * 256 + c * 65536) % caps.BUCKETS
end

function caps.tick(t) return floor(t.ms / caps.TICK_MS) end

-- How many messages of the class a phone has had within the last day, and within the last week.
-- One whose moment is still to come (the clock was set back) counts.
function caps.count(r, hash, now)
  local day, in_day, in_week = floor(now / caps.TICKS), 0, 0
  local field = sub(hash, 1, 8)
  for d = day + 1, day - ((r.cap_week or 0) > 0 and 7 or 1), -1 do
    local ticks = book.get(caps.key(r.class, d, hash), field)
    for i = 1, ticks and #ticks or 0 do
      local ago = now - d * caps.TICKS - byte(ticks, i)
      if ago <= caps.TICKS then in_day = in_day + 1 end
      if ago <= 7 * caps.TICKS then in_week = in_week + 1 end
    end
  end
  return in_day, in_week
end

function caps.is_capped(r) return (r.cap_day or 0) > 0 or (r.cap_week or 0) > 0 end

-- → for each phone '1' = one more would be too many, '0' = it may be written to; nil when all may.
-- Of a phone that comes twice the second is one more.
function caps.over(r, hashes, t)
  local now, seen, out, is_any = caps.tick(t), {}, {}, false
  for i = 1, #hashes, caps.HASH do
    local hash = sub(hashes, i, i + caps.HASH - 1)
    local in_day, in_week = caps.count(r, hash, now)
    local more = seen[hash] or 0
    local is_over = ((r.cap_day or 0) > 0 and in_day + more >= r.cap_day) or
      ((r.cap_week or 0) > 0 and in_week + more >= r.cap_week)
    if not is_over then seen[hash] = more + 1 end
    out[#out + 1], is_any = is_over and '1' or '0', is_any or is_over
  end
  return is_any and table.concat(out) or nil
end

-- One message to each. → the tick that they were charged with.
function caps.charge(r, hashes, tick)
  local day = floor(tick / caps.TICKS)
  for i = 1, #hashes, caps.HASH do
    local hash = sub(hashes, i, i + caps.HASH - 1)
    local key, field = caps.key(r.class, day, hash), sub(hash, 1, 8)
    local had = book.get(key, field)
    book.set(key, field, (had or '') .. char(tick % caps.TICKS))
    if not had then book.expire(key, caps.KEEP_S) end
  end
  return tick
end

-- Member i of the request was surely not sent. Once: then it has no hash any more.
function caps.give_back(r, q, i)
  local at = (i - 1) * caps.HASH
  local hash, none = sub(q.caps, at + 1, at + caps.HASH), string.rep('\0', caps.HASH)
  if hash == none then return end
  q.caps = sub(q.caps, 1, at) .. none .. sub(q.caps, at + caps.HASH + 1)
  local key, field = caps.key(r.class, floor(q.capped_at / caps.TICKS), hash), sub(hash, 1, 8)
  local had = book.get(key, field) or ''
  local one = string.find(had, char(q.capped_at % caps.TICKS), 1, true)
  if not one then return end
  local left = sub(had, 1, one - 1) .. sub(had, one + 1)
  if left == '' then book.del(key, field) else book.set(key, field, left) end
end

-- [run, hashes] → as caps.over, '' when all may be written to. Reads only.
function caps.check(_, a)
  local r = run_get(a[1])
  return caps.is_capped(r) and caps.over(r, a[2], clock()) or ''
end

-- [run, p, from, inc, fence, offsets] → 1, 0 not ours. Members that have had as many as they may
-- wait: their range is looked at again after a while (settle_range).
function caps.put_off(_, a)
  local run, p, from = a[1], tonumber(a[2]), tonumber(a[3])
  local l = owns(run, p, from, a[4], tonumber(a[5]))
  local r = run_get(run)
  local w = l and r.launched_s and window_open(run, p, from, l.to)
  if not w then return 0 end
  local now_s = seconds_of(clock(), r.launched_s)
  for _, rank in ipairs(request_ranks({ first = from, members = a[6] })) do
    local rec = window_get(w, rank)
    if rec.state == S.WAITING or rec.state == S.RETRY then
      rec.reason, rec.changed = R.CAP, now_s
      w.changed[rank] = rec
    end
  end
  window_write(w)
  return 1
end
