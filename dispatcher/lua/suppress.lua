-- SPDX-License-Identifier: MIT
-- Suppressions: phones that must not be written to.
--
-- A phone's entries are {scope, reason, since (ms), source}, one a scope: all,
-- unit:N, class:NAME. Each change raises `epoch` once: permit gives nothing to a
-- sender that has not looked since, so a chunk that is already prepared is
-- looked at again.
--
-- An act has a random id, remembered for a while: asked again, or told again by
-- a journal, it changes nothing. An act that Redis has lost is told again with
-- the time that it had (`at`); then the later act wins whatever the order, and
-- where that cannot be known the phone stays suppressed.
--
-- The phone of somebody who was erased is kept as a keyed hash only, in a table of its
-- own; callers say the hashes of the phones they ask for (sixteen bytes each). The scope
-- `erasing` is everything, as long as somebody is being erased.

local suppress = { LOG_MAX = 20000, ACTS_MAX = 2048, SCOPES_MAX = 32 }

-- f(…) with a few hundred words of the list at a time: Lua's stack has an end.
function suppress.slices(words, f)
  for i = 1, #words, 500 do f(i, unpack(words, i, math.min(i + 499, #words))) end
end

-- Entries of two tables about one phone.
function suppress.join(mine, others)
  for _, e in ipairs(others) do
    if not suppress.find(mine, e[1]) then mine[#mine + 1] = e end
  end
  return mine
end

function suppress.has_hashed() return call('EXISTS', K.suppress .. K.hashed) == 1 end

-- Those of the phones that are kept by their hashes: phone → hash; entries are added.
function suppress.read_hashed(phones, hashes, entries)
  local fields, hashed = {}, {}
  for i = 1, #phones do fields[i] = sub(hashes, i * 16 - 15, i * 16) end
  suppress.slices(fields, function(at, ...)
    for i, v in ipairs(call('HMGET', K.suppress .. K.hashed, ...)) do
      local phone = phones[at + i - 1]
      if v and not hashed[phone] then
        hashed[phone] = fields[at + i - 1]
        entries[phone] = suppress.join(cmsgpack.unpack(v), entries[phone] or {})
      end
    end
  end)
  return hashed
end

-- The phones of an argument, each one's entries (nil where it has none), and the hashes
-- of those that are kept by them.
function suppress.read(text, hashes)
  local phones, entries = {}, {}
  for phone in string.gmatch(text, '%d+') do phones[#phones + 1] = phone end
  suppress.slices(phones, function(at, ...)
    for i, v in ipairs(call('HMGET', K.suppress, ...)) do
      if v then entries[phones[at + i - 1]] = cmsgpack.unpack(v) end
    end
  end)
  local is_asked = hashes and #hashes == #phones * 16 and suppress.has_hashed()
  return phones, entries, is_asked and suppress.read_hashed(phones, hashes, entries) or {}
end

function suppress.find(entries, scope)
  for i, e in ipairs(entries or {}) do if e[1] == scope then return i, e end end
end

-- When this act was done: known, told again with its time, or now.
function suppress.begin(id, at)
  local t = clock()
  local done = tonumber(call('ZSCORE', K.suppress .. K.acts, id))
  return t, done ~= nil, done or math.min(tonumber(at) or t.ms, t.ms)
end

function suppress.write_hashed(hash, entries)
  if #entries > 0 then call('HSET', K.suppress .. K.hashed, hash, cmsgpack.pack(entries))
  else call('HDEL', K.suppress .. K.hashed, hash) end
end

-- Writes from here: what changed, the act, its line of the history. → epoch
function suppress.finish(t, id, ms, changed, line, hashed)
  local args, gone, is_any = {}, {}, next(changed) ~= nil
  for phone, entries in pairs(changed) do
    if hashed[phone] then
      suppress.write_hashed(hashed[phone], entries)
      gone[#gone + 1] = phone
    elseif #entries > 0 then
      args[#args + 1] = phone
      args[#args + 1] = cmsgpack.pack(entries)
    else
      gone[#gone + 1] = phone
    end
  end
  call('ZADD', K.suppress .. K.acts, int(ms), id)
  call('ZREMRANGEBYRANK', K.suppress .. K.acts, 0, -suppress.ACTS_MAX - 1)
  if not is_any then return t.epoch end
  suppress.slices(args, function(_, ...) call('HSET', K.suppress, ...) end)
  suppress.slices(gone, function(_, ...) call('HDEL', K.suppress, ...) end)
  call('RPUSH', K.suppress .. K.log, cjson.encode(line))
  call('LTRIM', K.suppress .. K.log, -suppress.LOG_MAX, -1)
  local epoch = call('HINCRBY', K.meta, 'epoch', 1)
  call('PUBLISH', K.tick, 'suppress')
  return epoch
end

-- [act, at or '', scope, reason, source, phones with blanks between, their hashes]
--   → [epoch, ms, a letter a phone: + added, = was there, x has too many scopes]
function suppress.add(_, a)
  local id, scope, source = a[1], a[3], a[5]
  local t, is_known, ms = suppress.begin(id, a[2])
  local phones, entries, hashed = suppress.read(a[6], a[7])
  local out, seen, changed, n = {}, {}, {}, 0
  for i, phone in ipairs(phones) do
    local mine = entries[phone] or {}
    local _, e = suppress.find(mine, scope)
    if seen[phone] then
      out[i] = '='
    elseif e then
      out[i] = is_known and e[3] == ms and '+' or '='
      -- Told again: an older removal that is told again later must not win.
      if not is_known and a[2] ~= '' and e[3] < ms then
        e[3] = ms
        changed[phone] = mine
      end
    elseif is_known then
      out[i] = '=' -- it was removed since
    elseif #mine >= suppress.SCOPES_MAX then
      out[i] = 'x'
    else
      mine[#mine + 1] = { scope, a[4], ms, source }
      entries[phone], changed[phone] = mine, mine
      out[i] = '+'
      n = n + 1
    end
    seen[phone] = true
  end
  -- Whole files would push all else out of the history: their entries say the same.
  local line = { int(ms), 'add', source, scope, a[4], source == 'import' and n or phones }
  return { suppress.finish(t, id, ms, changed, line, hashed), int(ms), table.concat(out) }
end

-- [act, at or '', scope, reason, source, phones with blanks between, their hashes]
--   → [epoch, ms, a letter a phone: - removed, = was not there]
function suppress.rm(_, a)
  local id, scope = a[1], a[3]
  local t, is_known, ms = suppress.begin(id, a[2])
  local phones, entries, hashed = suppress.read(a[6], a[7])
  local out, changed, was = {}, {}, {}
  for i, phone in ipairs(phones) do
    local mine = entries[phone]
    local at, e = suppress.find(mine, scope)
    out[i] = '='
    if is_known and not e then
      out[i] = '-' -- by this act, as far as is known
    elseif e and not is_known and e[3] <= ms then
      table.remove(mine, at)
      changed[phone] = mine
      was[#was + 1] = { phone, e[2], int(e[3]), e[4] }
      out[i] = '-'
    end
  end
  local line = { int(ms), 'rm', a[5], scope, a[4], was }
  return { suppress.finish(t, id, ms, changed, line, hashed), int(ms), table.concat(out) }
end

-- [class, unit, phones with blanks between, their hashes or ''] → [epoch, a reason (a byte) a
-- phone; 0 = may be written to]; without the second when nobody is suppressed; ['hashes'] when
-- they are needed and were not said. Reads only.
function suppress.check(_, a)
  local epoch = tonumber(call('HGET', K.meta, 'epoch')) or 0
  local has_hashed = suppress.has_hashed()
  if not has_hashed and call('EXISTS', K.suppress) == 0 then return { epoch } end
  if has_hashed and a[3] ~= '' and (a[4] or '') == '' then return { 'hashes' } end
  local phones, entries = suppress.read(a[3], a[4])
  local unit, class = 'unit:' .. a[2], 'class:' .. a[1]
  local out = {}
  for i, phone in ipairs(phones) do
    local mine, reason = entries[phone], 0
    if mine then
      if suppress.find(mine, 'all') or suppress.find(mine, 'erasing') then reason = R.SUPPRESSED
      elseif suppress.find(mine, unit) then reason = R.SUPPRESSED_UNIT
      elseif suppress.find(mine, class) then reason = R.SUPPRESSED_CLASS end
    end
    out[i] = char(reason)
  end
  return { epoch, table.concat(out) }
end

function suppress.flat(phone, entries, out)
  for _, e in ipairs(entries) do
    out[#out + 1] = { phone, e[1], e[2], int(e[3]), e[4] }
  end
end

-- [cursor, count] → [next cursor, [[phone, scope, reason, since ms, source], …], how many are
-- kept by a hash]. An entry that is there all the time is shown, once at least. Reads only.
function suppress.ls(_, a)
  local page = call('HSCAN', K.suppress, a[1], 'COUNT', a[2])
  local out = {}
  for i = 1, #page[2], 2 do suppress.flat(page[2][i], cmsgpack.unpack(page[2][i + 1]), out) end
  return { page[1], out, call('HLEN', K.suppress .. K.hashed) }
end

-- [phone, line to end before or '', its hash] → [entries as ls has them, lines of the history that
-- name it, newest first, line to end before next; 0 = all seen]. Reads only.
function suppress.show(_, a)
  local out, lines = {}, {}
  local _, entries = suppress.read(a[1], a[3])
  suppress.flat(a[1], entries[a[1]] or {}, out)
  local to = tonumber(a[2]) or call('LLEN', K.suppress .. K.log)
  local from = math.max(0, to - 1000)
  if to > 0 then
    local log = call('LRANGE', K.suppress .. K.log, from, to - 1)
    for i = #log, 1, -1 do
      if string.find(log[i], '"' .. a[1] .. '"', 1, true) then lines[#lines + 1] = log[i] end
    end
  end
  return { out, lines, from }
end
