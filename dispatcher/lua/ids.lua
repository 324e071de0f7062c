-- SPDX-License-Identifier: MIT
-- Whose a receipt is, when it does not bring a reference of one message: the
-- table of the gateways' ids, the members of requests, and what is not known.
--
-- An id is eleven bytes of a keyed hash, made by the caller: eight are the field,
-- three choose the bucket. A lane's table is a row of generations of buckets. A
-- bucket is a hash of at most about 80 entries, so that Redis keeps it as one
-- compact string (hash-max-listpack-entries, 128). A generation that is full is
-- followed by one twice as large; one that is a day old, by a small one.
-- A value is one byte attempt + 16 × partition + 128 if the id stands for several
-- members, four bytes rank, then the run without leading zeros; little endian.

local DAY_S = 86400
local ids = { first_buckets = 256, most_buckets = 1048576, each = 80, bytes = 11, phone = 5,
  park_ms = 900000, parked_most = 10000, parked_each = 8, unknown_most = 1000 }

function ids.pack(run, p, rank, attempt, is_many)
  local out = { char(attempt + p * 16 + (is_many and 128 or 0), rank % 256,
    floor(rank / 256) % 256, floor(rank / 65536) % 256, floor(rank / 16777216)) }
  run = tonumber(run)
  while run > 0 do
    out[#out + 1] = char(run % 256)
    run = floor(run / 256)
  end
  return table.concat(out)
end

function ids.unpack(v)
  local a, b, c, d, e = byte(v, 1, 5)
  local run = 0
  for i = #v, 6, -1 do run = run * 256 + byte(v, i) end
  return { run = int(run), p = floor(a / 16) % 8, rank = b + c * 256 + d * 65536 + e * 16777216,
    attempt = a % 16, is_many = a >= 128 }
end

function ids.bucket(lane, g, id)
  local a, b, c = byte(id, 9, 11)
  return K.ids .. lane .. ':' .. g.n .. ':' .. (a + b * 256 + c * 65536) % g.buckets
end

-- Generations of the lane, newest first: {n, buckets, opened s, till s}.
function ids.generations(lane)
  local v = call('HGET', K.ids .. lane, 'generations')
  return v and cmsgpack.unpack(v) or {}
end

-- The generation that takes new ids; the older ones that have expired are forgotten.
function ids.open(lane, now_s, keep_s)
  local all = ids.generations(lane)
  local g = all[1]
  local is_old = g and now_s - g.opened >= DAY_S
  local filled = tonumber(call('HGET', K.ids .. lane, 'filled')) or 0
  if g and not is_old and filled < g.buckets * ids.each then return g end
  local kept = { { n = g and g.n + 1 or 1, opened = now_s, till = now_s + DAY_S + keep_s,
    buckets = (g and not is_old) and math.min(g.buckets * 2, ids.most_buckets) or
      ids.first_buckets } }
  for _, old in ipairs(all) do
    if old.till > now_s then kept[#kept + 1] = old end
  end
  call('HSET', K.ids .. lane, 'generations', cmsgpack.pack(kept), 'filled', 0)
  return kept[1]
end

-- found: list of {id, value}
function ids.add(lane, found, now_s, keep_s)
  if #found == 0 then return end
  local g = ids.open(lane, now_s, keep_s)
  local new = 0
  for _, one in ipairs(found) do
    local key = ids.bucket(lane, g, one[1])
    if call('HSET', key, sub(one[1], 1, 8), one[2]) == 1 then
      new = new + 1
      if call('HLEN', key) == 1 then call('EXPIRE', key, math.max(1, g.till - now_s)) end
    end
  end
  if new > 0 then call('HINCRBY', K.ids .. lane, 'filled', new) end
end

function ids.find(lane, id)
  for _, g in ipairs(ids.generations(lane)) do
    local v = call('HGET', ids.bucket(lane, g, id), sub(id, 1, 8))
    if v then return ids.unpack(v) end
  end
end

-- ---- members of a request that has one reference or one id ----

function ids.sent_key(run, p, first) return K.run .. run .. K.sent .. p .. ':' .. floor(first / 256) end

-- members: list of {rank, attempt, phone hash}, by rank; the first one names them.
function ids.sent_write(run, p, first, attempt, members, keep_s)
  local at, attempts, phones = {}, {}, {}
  local is_dense, is_same = true, true
  for i, m in ipairs(members) do
    is_dense = is_dense and m[1] == first + i - 1
    is_same = is_same and m[2] == attempt
    at[i] = char((m[1] - first) % 256, floor((m[1] - first) / 256))
    attempts[i], phones[i] = char(m[2]), m[3]
  end
  local key = ids.sent_key(run, p, first)
  call('HSET', key, char(first % 256, attempt), cmsgpack.pack({ #members,
    is_dense and '' or table.concat(at), is_same and '' or table.concat(attempts),
    table.concat(phones) }))
  call('EXPIRE', key, keep_s)
end

function ids.sent_read(run, p, first, attempt)
  local v = call('HGET', ids.sent_key(run, p, first), char(first % 256, attempt))
  if not v then return nil end
  local count, at, attempts, phones = unpack(cmsgpack.unpack(v))
  local out = {}
  for i = 1, count do
    local a, b = byte(at, i * 2 - 1, i * 2)
    out[i] = { a and first + a + b * 256 or first + i - 1, byte(attempts, i) or attempt,
      sub(phones, i * ids.phone - ids.phone + 1, i * ids.phone) }
  end
  return out
end

-- While no answer came the request record knows the members.
function ids.sent(run, p, first, attempt, keep_s)
  local out = ids.sent_read(run, p, first, attempt)
  if out then return out end
  local v = call('HGET', request_key(run, p, first), first .. ':' .. attempt)
  local q = book.request(v)
  if not q then return nil end
  local phones = q.phones or ''
  out = {}
  for i, rank in ipairs(request_ranks(q)) do
    out[i] = { rank, byte(q.attempts, i), sub(phones, i * ids.phone - ids.phone + 1, i * ids.phone) }
  end
  ids.sent_write(run, p, first, attempt, out, keep_s)
  return out
end

function ids.of_phone(members, phone)
  if phone == '' then return members end
  local out = {}
  for _, m in ipairs(members) do
    if m[3] == phone then out[#out + 1] = m end
  end
  return out
end

-- ---- whose is it ----

-- r: {run ('' = no reference), p, rank, attempt, id ('' = none), phone ('' = not
-- said)} → run, p, members; nil: nobody's that is known, and then whether the id is.
function ids.whose(lane, is_by_request, keep_s, r)
  local whole = r.run ~= '' and
    { run = r.run, p = r.p, rank = r.rank, attempt = r.attempt, is_many = is_by_request }
  local members = whole and ids.members(whole, r.phone, keep_s)
  local known
  if not members and r.id ~= '' then
    known = ids.find(lane, r.id)
    whole = known
    members = known and ids.members(known, r.phone, keep_s)
  end
  if members then return whole.run, whole.p, members end
  return nil, known ~= nil
end

function ids.members(whole, phone, keep_s)
  if not whole.is_many then return { { whole.rank, whole.attempt, '' } } end
  local all = ids.sent(whole.run, whole.p, whole.rank, whole.attempt, keep_s)
  local out = all and ids.of_phone(all, phone)
  return out and #out > 0 and out or nil
end

-- ---- what is not known ----

-- words: '"id","code"', as JSON
function ids.unknown(lane, at_s, words)
  call('RPUSH', K.unknown .. lane, '[' .. int(at_s) .. ',' .. words .. ']')
  call('LTRIM', K.unknown .. lane, -ids.unknown_most, -1)
  call('HINCRBY', K.lane .. lane, 'receipts_unknown', 1)
end

-- One parked id goes to the list of the unknown. Returns how many receipts.
function ids.unpark(lane, id)
  local v = call('HGET', K.parked .. lane, id)
  local list = v and cmsgpack.unpack(v) or {}
  for _, r in ipairs(list) do ids.unknown(lane, r.at_s, r.words) end
  call('HDEL', K.parked .. lane, id)
  call('ZREM', K.parked .. lane .. K.since, id)
  return #list
end

-- Those that nobody has asked for in time → how many.
function ids.sweep(lane, t)
  local n = 0
  for _, id in ipairs(call('ZRANGEBYSCORE', K.parked .. lane .. K.since, '-inf',
    int(t.ms - ids.park_ms), 'LIMIT', 0, 256)) do
    n = n + ids.unpark(lane, id)
  end
  return n
end

-- Keep a receipt until the answer brings its id. False: no room, it is counted as unknown.
function ids.park(lane, t, r)
  local key = K.parked .. lane
  local v = call('HGET', key, r.id)
  local list = v and cmsgpack.unpack(v) or {}
  for _, other in ipairs(list) do
    if other.phone == r.phone and other.state == r.state and other.words == r.words then
      return true
    end
  end
  if #list >= ids.parked_each then return false end
  if not v and call('HLEN', key) >= ids.parked_most then
    ids.unpark(lane, call('ZRANGE', key .. K.since, 0, 0)[1])
  end
  list[#list + 1] = { phone = r.phone, state = r.state, reason = r.reason, words = r.words,
    at_s = floor(t.ms / 1000) }
  call('HSET', key, r.id, cmsgpack.pack(list))
  call('ZADD', key .. K.since, 'NX', int(t.ms), r.id)
  call('EXPIRE', key, DAY_S)
  call('EXPIRE', key .. K.since, DAY_S)
  return true
end

-- ---- evidence ----

-- now_s: since the launch.
function ids.log_line(p, members, words, now_s)
  local each = {}
  for i, m in ipairs(members) do each[i] = '[' .. m[1] .. ',' .. m[2] .. ',' .. words .. ']' end
  return '["receipt",' .. p .. ',[' .. table.concat(each, ',') .. '],' .. int(now_s) .. ']'
end

function ids.log(run, p, members, words, now_s)
  call('RPUSH', K.run .. run .. K.log, ids.log_line(p, members, words, now_s))
end

-- Merge what a receipt says of these members of an open window; state 0 says nothing
-- that we know: it is kept in the log only. Returns the members for the log.
function ids.merge(w, members, r, now_s)
  if r.state == 0 then return members end
  local news = {}
  for _, m in ipairs(members) do
    if merge(w, m[1], m[2], r.state, r.reason, now_s) then news[#news + 1] = m end
  end
  return news
end

-- ---- what an answer brings ----
--
-- o: {lane, run, p, ranks, attempts, classes; ids (eleven bytes a member, zeros = none;
--  '' = none at all), phones (a hash each; '' = none), keep_s, is_by_request,
--  poll_ms (0 = is not asked), texts (the ids, each with a NUL behind it)}

-- Members by id, in order: {id, text, members}. The last group, without id, is the
-- request's where the gateway has one reference for it.
function ids.groups(o)
  local groups, by_id, texts, all = {}, {}, {}, { members = {} }
  for text in string.gmatch(o.texts, '(%Z*)%z') do texts[#texts + 1] = text end
  for i, rank in ipairs(o.ranks) do
    local class, id = sub(o.classes, i, i), sub(o.ids, i * ids.bytes - ids.bytes + 1, i * ids.bytes)
    local m = { rank, byte(o.attempts, i), sub(o.phones, i * ids.phone - ids.phone + 1,
      i * ids.phone) }
    if class == 'A' or class == 'U' then
      all.members[#all.members + 1] = m
      if string.find(id, '%Z') then
        local g = by_id[id]
        if not g then
          g = { id = id, text = texts[i] or '', members = {} }
          by_id[id] = g
          groups[#groups + 1] = g
        end
        g.members[#g.members + 1] = m
      end
    end
  end
  return groups, all
end

-- Merge what was parked for these ids into the answer's window. Returns what the log
-- gets of it, after the answer: {members, words}.
function ids.merge_parked(w, o, groups, now_s)
  local key, news_of = K.parked .. o.lane, {}
  if #groups == 0 or call('EXISTS', key) == 0 then return news_of end
  for _, g in ipairs(groups) do
    local v = call('HGET', key, g.id)
    for _, r in ipairs(v and cmsgpack.unpack(v) or {}) do
      local members = ids.of_phone(g.members, #g.members > 1 and r.phone or '')
      local news = ids.merge(w, members, r, now_s)
      if #news > 0 then news_of[#news_of + 1] = { news, r.words } end
      if #members == 0 then ids.unknown(o.lane, r.at_s, r.words) end
    end
    if v then
      call('HDEL', key, g.id)
      call('ZREM', key .. K.since, g.id)
    end
  end
  return news_of
end

-- Keep what the ids stand for; the ids themselves go into `found`, for ids.add.
function ids.keep(o, groups, all, t, found)
  local first, attempt = o.ranks[1], byte(o.attempts, 1)
  if o.is_by_request and #all.members > 0 then
    ids.sent_write(o.run, o.p, first, attempt, all.members, o.keep_s)
  end
  for _, g in ipairs(groups) do
    local one = g.members[1]
    local rank, at, is_many = one[1], one[2], #g.members > 1
    if is_many and o.is_by_request then
      rank, at = first, attempt
    elseif is_many then
      ids.sent_write(o.run, o.p, rank, at, g.members, o.keep_s)
    end
    found[#found + 1] = { g.id, ids.pack(o.run, o.p, rank, at, is_many) }
    if o.poll_ms > 0 then
      call('ZADD', K.poll .. o.lane, 'NX', int(t.ms + o.poll_ms), table.concat({ o.run, o.p, rank,
        at, #g.members, g.text }, ':'))
    end
  end
end
