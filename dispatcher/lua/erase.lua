-- SPDX-License-Identifier: MIT
-- Erasing a person: what is under way (`erasing`: hash of the phone → when it was asked for,
-- s), what is done (`erased`, the same), and the steps that change what was found. Phones stand
-- here as keyed hashes only. Each step compares first what it changes, so that nothing that
-- somebody else has changed meanwhile is written over: it is found again.
--
-- A version of a list is refused (commit in segments/list_writer) while somebody is being erased
-- (`erasing`), and if an erasure began or ended since its writer did (`erasures`): it may be made
-- of rows that were read before they were scrubbed.

local erase = {}

-- [hash, phone or '', s] → epoch. From here on nothing leaves for that phone. Its suppressions are
-- kept by the hash. Again: what was suppressed meanwhile follows.
function erase.begin(_, a)
  local hash, phone = a[1], a[2]
  local t = clock()
  local old = call('HGET', K.suppress .. K.hashed, hash)
  local clear = phone ~= '' and call('HGET', K.suppress, phone)
  local mine = old and cmsgpack.unpack(old) or {}
  if clear then suppress.join(mine, cmsgpack.unpack(clear)) end
  suppress.join(mine, { { 'erasing', '', t.ms, 'person' } })
  suppress.write_hashed(hash, mine)
  if clear then call('HDEL', K.suppress, phone) end
  call('HSETNX', K.erasing, hash, a[3])
  call('HSET', K.meta, 'erasing', 1)
  call('HINCRBY', K.meta, 'erasures', 1)
  local epoch = call('HINCRBY', K.meta, 'epoch', 1)
  call('PUBLISH', K.tick, 'suppress')
  return epoch
end

-- ['hash in hex:s', with blanks between: what is known to have been erased] → ['hash in hex', s, …]:
-- of them those that this Redis has not erased since, and all that are under way.
function erase.missing(_, a)
  local out, seen = {}, {}
  local function add(hex, s)
    if seen[hex] then return end
    seen[hex] = true
    out[#out + 1] = hex
    out[#out + 1] = s
  end
  local function to_hex(h) return (string.gsub(h, '.', function(c)
    return string.format('%02x', byte(c)) end)) end
  local under_way = call('HGETALL', K.erasing)
  for i = 1, #under_way, 2 do add(to_hex(under_way[i]), under_way[i + 1]) end
  for hex, s in string.gmatch(a[1], '(%x+):(%d+)') do
    local hash = string.gsub(hex, '%x%x', function(h) return char(tonumber(h, 16)) end)
    if (tonumber(call('HGET', K.erased, hash)) or 0) < tonumber(s) then add(hex, s) end
  end
  return out
end

-- [what, key, field, member or index, old, new] → 1 done, 0 it is not that any more
function erase.put(_, a)
  local what, key, at, old, new = a[1], a[2], a[3], a[4], a[5]
  if what == 'hset' or what == 'hdel' then
    if call('HGET', key, at) ~= old then return 0 end
    if what == 'hset' then call('HSET', key, at, new) else call('HDEL', key, at) end
  elseif what == 'lset' then
    if call('LINDEX', key, at) ~= old then return 0 end
    call('LSET', key, at, new)
  elseif what == 'set' then
    if call('GET', key) ~= old then return 0 end
    call('SET', key, new, 'KEEPTTL')
  elseif what == 'zrem' then
    return call('ZREM', key, at)
  else
    return call('UNLINK', key)
  end
  return 1
end

-- [run, p, rank, key, old, new] → 1 done, 0 not that any more. Somebody else's message whose text
-- names the phone: said as it was accepted, or not at all.
function erase.payload(_, a)
  local run, p, rank = a[1], tonumber(a[2]), tonumber(a[3])
  local key, old = a[4], a[5]
  local w = window_open(run, p, rank, rank + 1)
  if call('HGET', key, a[3]) ~= old then return 0 end
  local state = w and window_get(w, rank).state
  if not state or OPEN[state] or state == S.UNKNOWN then call('HDEL', key, a[3])
  else call('HSET', key, a[3], a[6]) end
  return 1
end

-- [key, fields with blanks between, their values one behind the other; field, new value …]
--   → 1 done, 0 it is not that any more. The whole block in one step.
function erase.block(_, a)
  local key, fields = a[1], {}
  for f in string.gmatch(a[2], '%S+') do fields[#fields + 1] = f end
  if #fields == 0 or call('HLEN', key) ~= #fields then return 0 end
  local values = call('HMGET', key, unpack(fields))
  for i = 1, #fields do if not values[i] then return 0 end end
  if table.concat(values) ~= a[3] then return 0 end
  call('DEL', key)
  call('HSET', key, unpack(a, 4))
  return 1
end

-- [hash, s] → 1. It is done: what is suppressed still stays suppressed, by the hash.
function erase.finish(_, a)
  local hash, kept = a[1], {}
  local old = call('HGET', K.suppress .. K.hashed, hash)
  local was = tonumber(call('HGET', K.erased, hash)) or 0
  local others = call('HLEN', K.erasing) - call('HEXISTS', K.erasing, hash)
  for _, e in ipairs(old and cmsgpack.unpack(old) or {}) do
    if e[1] ~= 'erasing' then kept[#kept + 1] = e end
  end
  suppress.write_hashed(hash, kept)
  call('HSET', K.erased, hash, int(math.max(was, tonumber(a[2]))))
  call('HDEL', K.erasing, hash)
  if others == 0 then call('HDEL', K.meta, 'erasing') end
  call('HINCRBY', K.meta, 'erasures', 1)
  return 1
end
