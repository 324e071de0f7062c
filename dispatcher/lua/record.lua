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
local book = {} -- below
local function prepare()
  book.pages = nil
  if call then return end
  byte, char, sub, floor = string.byte, string.char, string.sub, math.floor
  call = redis.call
end

-- A whole number as text; '%.0f' would take four times as long.
local function int(x) return string.format('%d', floor(x + 0.5)) end

-- Redis time plus an offset that only tests set; milliseconds and microseconds. back: how far
-- the clock was set back, all in all; ms + back goes on as time does (see set_back).
local function clock()
  local m = call('HMGET', K.meta, 'clock_offset_ms', 'open_at', 'takeover_at', 'epoch', 'back_ms',
    'seen_ms', 'freeze_ms')
  local t = call('TIME')
  local us = t[1] * 1000000 + t[2] + (tonumber(m[1]) or 0) * 1000
  local ms = floor(us / 1000)
  -- Set back since the last heartbeat: that counts at once.
  return { us = us, ms = ms, open_at = tonumber(m[2]) or 0, takeover_at = tonumber(m[3]) or 0,
           epoch = tonumber(m[4]) or 0, freeze_ms = tonumber(m[7]),
           back = (tonumber(m[5]) or 0) + math.max(0, (tonumber(m[6]) or 0) - ms) }
end

-- Seconds since launch; a clock that stepped behind it stands still.
local function seconds_of(t, launched_s) return math.max(0, floor(t.ms / 1000) - launched_s) end

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

-- ---- a call's book: each field of a hash read once, each hash written once ----
--
-- permit, outcome and unmark look at several requests, at each as if those before it had been
-- written. While a book is open get, set and del work on it; write() writes what was set. Without
-- one they go straight to Redis.

function book.open() book.pages = {} end

function book.page(key)
  local page = book.pages[key]
  if not page then
    page = { has = {}, set = {} }
    book.pages[key] = page
  end
  return page
end

function book.get(key, field)
  if not book.pages then return call('HGET', key, field) end
  local has = (book.pages[key] or book.page(key)).has
  local value = has[field]
  if value == nil then
    value = call('HGET', key, field)
    has[field] = value
  end
  return value
end

-- These are read at once.
function book.read(key, fields)
  if not book.pages or #fields == 0 then return end
  local has, v = book.page(key).has, call('HMGET', key, unpack(fields))
  for i, field in ipairs(fields) do
    if has[field] == nil then has[field] = v[i] end
  end
end

function book.set(key, field, value)
  if not book.pages then return call('HSET', key, field, value) end
  local page = book.pages[key] or book.page(key)
  page.has[field], page.set[field] = value, value
end

function book.del(key, field)
  if not book.pages then return call('HDEL', key, field) end
  local page = book.page(key)
  page.has[field], page.set[field] = false, false
end

-- What has no time to live gets one.
function book.expire(key, s)
  if not book.pages then return call('EXPIRE', key, s, 'NX') end
  book.page(key).expire = s
end

function book.write()
  for key, page in pairs(book.pages) do
    local sets, dels = {}, {}
    for field, value in pairs(page.set) do
      if value then
        sets[#sets + 1] = field
        sets[#sets + 1] = value
      else
        dels[#dels + 1] = field
      end
    end
    if #sets > 0 then call('HSET', key, unpack(sets)) end
    if #dels > 0 then call('HDEL', key, unpack(dels)) end
    if page.expire then call('EXPIRE', key, page.expire, 'NX') end
  end
  book.pages = nil
end

local function records_key(run, p, rank)
  return K.run .. run .. K.records .. p .. ':' .. floor(rank / STRING)
end

local function request_key(run, p, rank)
  return K.run .. run .. K.request .. p .. ':' .. floor(rank / STRING)
end

-- A window on the records [from, to) of one partition: read once, changed in
-- memory, written back once, with the counters of what moved. nil when they are not all there.
-- delta: counters that several windows of the run move, written by who gives them (count_write);
-- then the window has as many as there are.
local function window_open(run, p, from, to, delta)
  local key = records_key(run, p, from)
  local base = (from % STRING) * 8
  local w = { run = run, p = p, from = from, to = to, key = key, base = base,
              bytes = call('GETRANGE', key, base, base + (to - from) * 8 - 1),
              changed = {}, delta = delta or {}, is_shared = delta ~= nil, earlier = {}, spans = {} }
  if delta then w.to = from + floor(#w.bytes / 8)
  elseif #w.bytes ~= (to - from) * 8 then return nil end
  w.read = w.bytes
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
    r.changed = now_s
  end
  local was, is = POSITIVE[old.state], POSITIVE[r.state]
  if was and (not is or old.provider ~= r.provider) then
    add(w.delta, 'parts:' .. old.provider, -r.parts)
  end
  if is and (not was or old.provider ~= r.provider) then
    add(w.delta, 'parts:' .. r.provider, r.parts)
  end
  w.changed[rank] = r
end

-- New bytes for the n records from `first` on, none of which is in w.changed.
local function window_patch(w, first, n, new)
  local at = (first - w.from) * 8
  w.bytes = sub(w.bytes, 1, at) .. new .. sub(w.bytes, at + n * 8 + 1)
  local last = w.spans[#w.spans]
  if last and last[2] == first then last[2] = first + n
  else w.spans[#w.spans + 1] = { first, first + n } end
end

-- What w.changed has goes into w.bytes. Afterwards w.spans says all that was changed.
local function window_settle(w)
  if not next(w.changed) then return end
  local ranks = {}
  for rank in pairs(w.changed) do ranks[#ranks + 1] = rank end
  table.sort(ranks)
  local out, at = {}, 1
  for _, rank in ipairs(ranks) do
    local i = (rank - w.from) * 8
    out[#out + 1] = sub(w.bytes, at, i)
    out[#out + 1] = pack_record(w.changed[rank])
    at = i + 9
    local last = w.spans[#w.spans]
    if last and last[2] == rank then last[2] = rank + 1
    else w.spans[#w.spans + 1] = { rank, rank + 1 } end
  end
  out[#out + 1] = sub(w.bytes, at)
  w.bytes, w.changed = table.concat(out), {}
end

local function count_write(run, delta)
  local count = K.run .. run .. K.count
  for k, n in pairs(delta) do
    if n ~= 0 then call('HINCRBY', count, k, n) end
  end
  approval.look(run, delta)
end

local SPAN_GAP = 16 -- unchanged records between two spans that cost less than another command

local function window_write(w)
  window_settle(w)
  for i = 2, #w.spans do
    if w.spans[i][1] < w.spans[i - 1][1] then -- mostly they are in order
      table.sort(w.spans, function(x, y) return x[1] < y[1] end)
      break
    end
  end
  local from, to
  local function write()
    local at, till = (from - w.from) * 8, (to - w.from) * 8
    local new = sub(w.bytes, at + 1, till)
    if new ~= sub(w.read, at + 1, till) then call('SETRANGE', w.key, w.base + at, new) end
  end
  for _, span in ipairs(w.spans) do
    if from and span[1] <= to + SPAN_GAP then
      to = math.max(to, span[2])
    else
      if from then write() end
      from, to = span[1], span[2]
    end
  end
  if from then write() end
  if not w.is_shared then count_write(w.run, w.delta) end
  for field, v in pairs(w.earlier) do call('HSET', K.run .. w.run .. K.earlier, field, v) end
end

-- ---- many records at once, as bytes ----

local raw = {}

-- In a pattern, and in what replaces it, this stands for itself.
function raw.plain(text) return (string.gsub(text, '%W', '%%%0')) end

function raw.sum(parts)
  if #parts == 1 then return byte(parts) end
  local n, c = 0, sub(parts, 1, 1)
  if parts == string.rep(c, #parts) then return #parts * (byte(c) or 0) end
  for i = 1, #parts do n = n + byte(parts, i) end
  return n
end

-- The last bytes of a record that is changed now.
function raw.tail(now_s)
  return sub(pack_record({ state = 0, flags = 0, reason = 0, attempt = 0, provider = 0, parts = 0,
    changed = now_s }), 5)
end

-- Order inside an attempt. A negative answer stands above doubt only because it
-- is offered only about the single copy of an attempt.
local RANK = { [S.WAITING] = 0, [S.SKIPPED] = 1, [S.SUPPRESSED] = 1, [S.CANCELLED] = 1,
  [S.EXPIRED] = 1, [S.SENDING] = 2, [S.UNKNOWN] = 3, [S.RETRY] = 4, [S.REFUSED] = 4,
  [S.ACCEPTED] = 5, [S.UNDELIVERABLE] = 6, [S.DELIVERED] = 7 }

-- What a message shows, of the phases of its attempts 1..n; and which of them shows it.
local function shown(phases, n)
  local best, doubt, failed
  for a = 1, n do
    local ph = phases[a]
    if ph == S.DELIVERED then return ph, a end
    if ph == S.ACCEPTED then best = a end
    if ph == S.UNKNOWN then doubt = a end
    if ph == S.UNDELIVERABLE then failed = a end
  end
  local at = best or (OPEN[phases[n]] and n) or doubt or failed or n
  return phases[at], at
end

-- How many attempts a partner took beside the one that is shown, by tariff: each is paid for.
local function add_again(w, phases, tariffs, shown_at, parts)
  for a, phase in ipairs(phases) do
    if a ~= shown_at and POSITIVE[phase] then add(w.delta, 'again:' .. tariffs[a], parts) end
  end
end

local function has_earlier(r) return r.flags % 64 >= EARLIER end

-- The phases of all attempts, from the sparse table if several have spoken, and the tariffs that
-- they went by. The table has a byte of each: 16 × (how far its tariff is from the partition's
-- number, below 16) + its phase.
local function phases_of(w, rank, r)
  local field = w.p .. ':' .. rank
  local known = has_earlier(r) and
    (w.earlier[field] or call('HGET', K.run .. w.run .. K.earlier, field))
  local phases, tariffs = {}, {}
  for i = 1, r.attempt do
    local b = known and byte(known, i)
    phases[i] = b and b % 16 or (i == r.attempt and r.state) or S.RETRY
    tariffs[i] = b and (floor(b / 16) + w.p) % 16 or r.provider
  end
  return phases, tariffs
end

-- The phase of one attempt. Attempt 0: a message that was never permitted.
local function phase_of(w, rank, a)
  local r = window_get(w, rank)
  if a > r.attempt then return S.WAITING end
  if not has_earlier(r) then
    if a == r.attempt then return r.state end
    return S.RETRY
  end
  return (phases_of(w, rank, r))[a]
end

-- Set the phase of attempt `a`, whatever it was. The only writer of states besides
-- freeze: the record shows the best of all attempts, and what the record cannot
-- hold goes to the sparse table. parts and provider may be nil: as they were.
local function set_phase(w, rank, a, phase, reason, now_s, parts, provider)
  local r = window_get(w, rank)
  local new = { state = phase, flags = 0, reason = reason, attempt = math.max(a, r.attempt),
    provider = provider or r.provider, parts = parts or r.parts, changed = r.changed }
  local is_simple = not has_earlier(r) and (a == r.attempt or (a > r.attempt and
    (r.attempt == 0 or r.state == S.RETRY or r.state == S.WAITING)))
  -- Who said those before it, where that is another provider.
  if provider and provider ~= r.provider and r.attempt > 0 and new.attempt > 1 then is_simple = false end
  if not is_simple then
    local phases, tariffs = phases_of(w, rank, r)
    local _, at = shown(phases, r.attempt)
    -- The record's parts count once ('parts:'); what other attempts cost counts here.
    add_again(w, phases, tariffs, has_earlier(r) and at or r.attempt, -new.parts)
    for i = r.attempt + 1, new.attempt do phases[i], tariffs[i] = S.WAITING, new.provider end
    phases[a] = phase
    tariffs[a] = provider or tariffs[a]
    local out = {}
    for i = 1, new.attempt do out[i] = char(phases[i] + 16 * ((tariffs[i] - w.p) % 16)) end
    w.earlier[w.p .. ':' .. rank] = table.concat(out)
    new.state, at = shown(phases, new.attempt)
    new.provider = tariffs[at]
    new.flags = EARLIER
    if new.state ~= phase then new.reason = r.reason end
    add_again(w, phases, tariffs, at, new.parts)
  end
  if new.state == S.UNKNOWN and phase == S.UNKNOWN and r.flags % 32 >= HELD then
    new.flags = new.flags + HELD
  end
  window_set(w, rank, new, now_s)
end

-- A cancelled run, or one whose time is over: what is surely not with a partner ends, whatever it waited
-- for. An earlier attempt in doubt shows again; later evidence is merged as always.
local function cancel_one(w, rank, state, reason, now_s)
  local r = window_get(w, rank)
  if r.state == S.WAITING or r.state == S.RETRY then
    set_phase(w, rank, r.attempt, state, reason, now_s)
  end
end

-- Merge one piece of evidence about attempt `a`; `phase` is what it proves.
-- Returns whether it was news.
local function merge(w, rank, a, phase, reason, now_s)
  if a < 1 or a > 15 or RANK[phase] <= RANK[phase_of(w, rank, a)] then return false end
  set_phase(w, rank, a, phase, reason, now_s)
  return true
end

-- In doubt, and no step is left that happens by itself.
local function hold_one(w, rank)
  local r = window_get(w, rank)
  if r.state == S.UNKNOWN and r.flags % 32 < HELD then
    r.flags = r.flags + HELD
    w.changed[rank] = r
  end
end

-- ---- requests: what was said once, to whom, by which copies ----
--
-- {lane, first, members (two bytes each: distance from first), attempts (a byte
--  each), hash of the words, copies (permit ids), no (permit → classes and
--  reasons of an answer that says no), asked (ms of the last copy), till (ms + back;
--  repeatable until then, 0 = never), window (ms + back; the gateway knows its
--  reference until then; till, as it was), most (copies; nil = MAX_COPIES), torn (another
--  request went out under its name)}
-- Kept while a member is sending or in doubt under it.

-- A stored one; nil: there is none, or it is damaged. Its members are then as if no request stood for
-- them: what is on the wire becomes doubt, and is held. of: the run, partition and field under `key`,
-- which is then written down, and goes.
function book.request(stored, key, of)
  if not stored then return nil end
  local is_good, q = pcall(cmsgpack.unpack, stored)
  is_good = is_good and type(q) == 'table' and type(q.first) == 'number' and
    type(q.members) == 'string' and type(q.attempts) == 'string' and #q.members > 0 and
    #q.members == 2 * #q.attempts and type(q.copies) == 'table' and type(q.till) == 'number'
  if is_good then return q end
  if of then
    book.del(key, of.field)
    call('HINCRBY', K.run .. of.run, 'damaged', 1)
    call('RPUSH', K.run .. of.run .. K.log, cjson.encode({ 'damaged', of.p, of.field,
      floor(clock().ms / 1000) }))
  end
end

local MAX_COPIES = 10

local function request_ranks(q)
  local ranks = {}
  for i = 1, #q.members, 2 do
    local a, b = byte(q.members, i, i + 1)
    ranks[#ranks + 1] = q.first + a + b * 256
  end
  return ranks
end

-- The same as runs: {first rank, how many}, … last: rank of the last one.
local function request_runs(first, last, members)
  local runs, run = {}, nil
  if last - first + 1 == #members / 2 then return { { first, #members / 2 } } end
  for i = 1, #members, 2 do
    local a, b = byte(members, i, i + 1)
    local rank = first + a + b * 256
    if run and rank == run[1] + run[2] then
      run[2] = run[2] + 1
    else
      run = { rank, 1 }
      runs[#runs + 1] = run
    end
  end
  return runs
end

local function request_last(first, members)
  local a, b = byte(members, -2, -1)
  return first + a + b * 256
end

local function has_copy(q, permit)
  for i, id in ipairs(q.copies) do if id == permit then return i end end
end

local function is_inside(w, ranks) return ranks[1] >= w.from and ranks[#ranks] < w.to end

-- Has the request a member that is sending or in doubt under it?
local function is_open(w, q, ranks)
  for i, rank in ipairs(ranks) do
    local ph = phase_of(w, rank, byte(q.attempts, i))
    if ph == S.SENDING or ph == S.UNKNOWN then return true end
  end
  return false
end

-- A copy is on the wire, as far as is known: its answer decides.
local function is_sending(w, q, ranks)
  for i, rank in ipairs(ranks) do
    if phase_of(w, rank, byte(q.attempts, i)) == S.SENDING then return true end
  end
  return false
end

-- May it be repeated by itself now? One predicate for claim, permit, release and
-- the reconciler: in its window, and every member still in doubt under it, or
-- known to be taken (then its reference is known to the gateway and harmless).
-- One that was refused, is due again, moved on or is held would be sent twice.
local function is_repeatable(w, q, ranks, t)
  if t.ms + t.back >= q.till or #q.copies >= (q.most or MAX_COPIES) then return false end
  local in_doubt = false
  for i, rank in ipairs(ranks) do
    local at = byte(q.attempts, i)
    local r = window_get(w, rank)
    local ph = phase_of(w, rank, at)
    if ph == S.UNKNOWN and r.attempt == at and r.flags % 32 < HELD then
      in_doubt = true
    elseif not POSITIVE[ph] then
      return false
    end
  end
  return in_doubt
end

local function request_write(key, field, w, q, ranks)
  if is_open(w, q, ranks) then book.set(key, field, cmsgpack.pack(q))
  else book.del(key, field) end
end

-- Nobody may repeat it by itself any more: what is in doubt under it is held. The
-- record stays, so that later truth about it finds its copies.
local function request_hold(w, q, ranks)
  q.till = 0
  for i, rank in ipairs(ranks) do
    if rank >= w.from and rank < w.to and
      phase_of(w, rank, byte(q.attempts, i)) == S.UNKNOWN then hold_one(w, rank) end
  end
end

local PHASE = { A = S.ACCEPTED, U = S.UNKNOWN, N = S.REFUSED, T = S.RETRY, W = S.WAITING }

-- A "no" closes an attempt only when it is about the only copy that there is.
-- Called after each change of copies or answers.
local function request_judge(w, q, ranks, now_s)
  local answer = #q.copies == 1 and q.no and q.no[q.copies[1]]
  if not answer then return end
  for i, rank in ipairs(ranks) do
    local class, at = sub(answer.classes, i, i), byte(q.attempts, i)
    local ph = phase_of(w, rank, at)
    if class ~= '-' and (ph == S.SENDING or ph == S.UNKNOWN) then
      set_phase(w, rank, at, PHASE[class], byte(answer.reasons, i), now_s)
    end
  end
end
