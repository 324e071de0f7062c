-- SPDX-License-Identifier: MIT
-- Records and the lattice: the only code that changes a message's state.
-- Prepended by the generated tables K (keys), S (states), R (reasons) and V
-- (version suffix of the function names); see dispatcher/store/library.c.
--
-- House rule: a function reads and checks everything first, then only writes.

local STRING = 4096 -- records in a string
local HELD, EARLIER = 16, 32

-- Redis gives a library its globals only while a function runs, not while it is
-- loaded: prepare() is called first by every registered function.
local byte, char, sub, floor, call
local function prepare()
  if call then return end
  byte, char, sub, floor = string.byte, string.char, string.sub, math.floor
  call = redis.call
end

local function int(x) return string.format('%.0f', x) end

-- Redis time plus an offset that only tests set; milliseconds and microseconds.
local function clock()
  local m = call('HMGET', K.meta, 'clock_offset_ms', 'open_at', 'takeover_at', 'epoch')
  local t = call('TIME')
  local us = t[1] * 1000000 + t[2] + (tonumber(m[1]) or 0) * 1000
  return { us = us, ms = floor(us / 1000), open_at = tonumber(m[2]) or 0,
           takeover_at = tonumber(m[3]) or 0, epoch = tonumber(m[4]) or 0 }
end

local function unpack_record(s, at)
  local a, b, c, d, e, f, g, h = byte(s, at + 1, at + 8)
  return { state = a % 16, flags = a - a % 16, reason = b, attempt = c % 16,
           provider = floor(c / 16), parts = d, changed = e + f * 256 + g * 65536 + h * 16777216 }
end

local function pack_record(r)
  local t = r.changed
  return char(r.state + r.flags, r.reason, r.attempt + r.provider * 16, r.parts,
    t % 256, floor(t / 256) % 256, floor(t / 65536) % 256, floor(t / 16777216) % 256)
end

local function records_key(run, p, rank)
  return K.run .. run .. K.records .. p .. ':' .. floor(rank / STRING)
end

local function request_key(run, p, rank)
  return K.run .. run .. K.request .. p .. ':' .. floor(rank / STRING)
end

-- A window on the records [from, to) of one partition: read once, changed in
-- memory, written back once, with the counters of what moved.
local function window_open(run, p, from, to)
  local key = records_key(run, p, from)
  local base = (from % STRING) * 8
  local w = { run = run, p = p, from = from, to = to, key = key, base = base,
              bytes = call('GETRANGE', key, base, base + (to - from) * 8 - 1),
              changed = {}, delta = {}, earlier = {} }
  if #w.bytes ~= (to - from) * 8 then return nil end
  return w
end

local function window_get(w, rank)
  return w.changed[rank] or unpack_record(w.bytes, (rank - w.from) * 8)
end

-- States that counters know; waiting and sending are what remains of the audience.
local COUNTED = { [S.RETRY] = 'retry', [S.ACCEPTED] = 'accepted', [S.UNKNOWN] = 'unknown',
  [S.DELIVERED] = 'delivered', [S.UNDELIVERABLE] = 'undeliverable', [S.REFUSED] = 'refused',
  [S.EXPIRED] = 'expired', [S.SUPPRESSED] = 'suppressed', [S.SKIPPED] = 'skipped',
  [S.CANCELLED] = 'cancelled' }
local POSITIVE = { [S.ACCEPTED] = true, [S.DELIVERED] = true, [S.UNDELIVERABLE] = true }
local OPEN = { [S.WAITING] = true, [S.SENDING] = true, [S.RETRY] = true }

local function add(t, k, n) if k then t[k] = (t[k] or 0) + n end end

local function window_set(w, rank, r, now_s)
  local old = window_get(w, rank)
  if old.state ~= r.state then
    add(w.delta, COUNTED[old.state], -1)
    add(w.delta, COUNTED[r.state], 1)
    if POSITIVE[r.state] and not POSITIVE[old.state] then
      add(w.delta, 'parts:' .. r.provider, r.parts)
    elseif POSITIVE[old.state] and not POSITIVE[r.state] then
      add(w.delta, 'parts:' .. r.provider, -r.parts)
    end
    r.changed = now_s
  end
  w.changed[rank] = r
end

local function window_write(w)
  local ranks = {}
  for rank in pairs(w.changed) do ranks[#ranks + 1] = rank end
  table.sort(ranks)
  local out, at = {}, 1
  for _, rank in ipairs(ranks) do
    local i = (rank - w.from) * 8
    out[#out + 1] = sub(w.bytes, at, i)
    out[#out + 1] = pack_record(w.changed[rank])
    at = i + 9
  end
  if #ranks > 0 then
    out[#out + 1] = sub(w.bytes, at)
    local new = table.concat(out)
    if new ~= w.bytes then call('SETRANGE', w.key, w.base, new) end
  end
  local count = K.run .. w.run .. K.count
  for k, n in pairs(w.delta) do
    if n ~= 0 then call('HINCRBY', count, k, n) end
  end
  for field, v in pairs(w.earlier) do call('HSET', K.run .. w.run .. K.earlier, field, v) end
end

-- Order inside an attempt. A negative answer stands above doubt only because
-- the caller offers it only about the single copy of an attempt.
local RANK = { [S.WAITING] = 0, [S.SKIPPED] = 1, [S.SUPPRESSED] = 1, [S.CANCELLED] = 1,
  [S.EXPIRED] = 1, [S.SENDING] = 2, [S.UNKNOWN] = 3, [S.RETRY] = 4, [S.REFUSED] = 4,
  [S.ACCEPTED] = 5, [S.UNDELIVERABLE] = 6, [S.DELIVERED] = 7 }

-- What a message shows, of the phases of its attempts 1..n.
local function shown(phases, n)
  local best, doubt, failed
  for a = 1, n do
    local ph = phases[a]
    if ph == S.DELIVERED then return ph end
    if ph == S.ACCEPTED then best = ph end
    if ph == S.UNKNOWN then doubt = ph end
    if ph == S.UNDELIVERABLE then failed = ph end
  end
  if best then return best end
  if OPEN[phases[n]] then return phases[n] end
  return doubt or failed or phases[n]
end

-- Merge one piece of evidence about attempt `a` into the message at rank.
-- `phase` is the state that the evidence proves. Returns whether it was news.
local function merge(w, rank, a, phase, reason, now_s)
  local r = window_get(w, rank)
  if a < 1 or a > 15 then return false end
  if r.attempt == a and r.flags % 64 < EARLIER then
    if RANK[phase] <= RANK[r.state] then return false end
    window_set(w, rank, { state = phase, flags = POSITIVE[phase] and 0 or r.flags,
      reason = reason, attempt = a, provider = r.provider, parts = r.parts,
      changed = r.changed }, now_s)
    return true
  end
  -- Several attempts have something to say: their phases are in the sparse table.
  local field = w.p .. ':' .. rank
  local n = a > r.attempt and a or r.attempt
  local phases = {}
  local known = w.earlier[field] or
    (r.flags % 64 >= EARLIER and call('HGET', K.run .. w.run .. K.earlier, field))
  for i = 1, n do
    phases[i] = known and byte(known, i) or (i == r.attempt and r.state) or
      (i < r.attempt and S.RETRY) or S.WAITING
  end
  if RANK[phase] <= RANK[phases[a]] then return false end
  phases[a] = phase
  local out = {}
  for i = 1, n do out[i] = char(phases[i]) end
  w.earlier[field] = table.concat(out)
  local state = shown(phases, n)
  window_set(w, rank, { state = state, flags = EARLIER + (POSITIVE[state] and 0 or r.flags % 32),
    reason = state == phase and reason or r.reason, attempt = n, provider = r.provider,
    parts = r.parts, changed = r.changed }, now_s)
  return true
end

local function has_copy(request, permit)
  for i, id in ipairs(request.copies) do if id == permit then return i end end
end

-- Offsets of the members of a request, two bytes each, as ranks.
local function request_ranks(request)
  local ranks = {}
  for i = 1, #request.members, 2 do
    local a, b = byte(request.members, i, i + 1)
    ranks[#ranks + 1] = request.first + a + b * 256
  end
  return ranks
end

-- May this request be repeated by itself now? One predicate for claim, permit,
-- release and the reconciler.
local MAX_COPIES = 10
local function is_repeatable(request, now_ms)
  return now_ms < request.till and #request.copies < MAX_COPIES
end

-- No automatic step is left for these members: hold what is in doubt.
local function hold(w, request, now_s)
  for i, rank in ipairs(request_ranks(request)) do
    local r = window_get(w, rank)
    local a = byte(request.attempts, i)
    if r.state == S.UNKNOWN and r.attempt == a and r.flags % 32 < HELD then
      r.flags = r.flags + HELD
      w.changed[rank] = r
    end
  end
end
