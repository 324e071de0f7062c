-- SPDX-License-Identifier: MIT
-- Todo: ranges of a run that are due for a claim (sorted sets, score = not before, ms).
--
-- Doubt never moves. Where a partition has several providers, a range that holds a request that may
-- be repeated belongs to the lane that said it (`todo:P:T`), with what lies between its members; the
-- rest is anybody's (`todo:P`). Where it has one, there is only `todo:P`. What such a lane does not
-- take, because it is away, is looked at by the keeper (todo.free).

local todo = {}

-- p: of anybody's, or "P:T".
local function todo_add(run, p, from, to, at_ms)
  local key, member = K.run .. run .. K.todo .. p, from .. ':' .. to
  local old = call('ZSCORE', key, member)
  if not old or tonumber(old) > at_ms then call('ZADD', key, int(at_ms), member) end
  fair.due(run, p, at_ms)
end

local BACKOFF_MAX_MS = 600000

-- Until attempt a+1 after attempt a was answered "not now".
local function backoff_ms(a) return math.min(BACKOFF_MAX_MS, 2000 * 2 ^ (math.max(a, 1) - 1)) end

-- The keys of partition p; list: its tariffs (route.of).
function todo.keys(run, p, list)
  local key = K.run .. run .. K.todo .. p
  local keys = { key }
  if #list > 1 then
    for _, one in ipairs(list) do keys[#keys + 1] = key .. ':' .. one.t end
  end
  return keys
end

-- How many ranges of partition p of run r are due. is_left_out: without what a lane that the route has
-- left may repeat when it works again.
function todo.count(r, p, is_left_out)
  local n, list = 0, route.of(r, p)
  for i, key in ipairs(todo.keys(r.id, p, list)) do
    if i == 1 or not is_left_out or not route.has_left(r, p, list[i - 1]) then
      n = n + call('ZCARD', key)
    end
  end
  return n
end

-- Requests of the window that may be repeated by themselves: {from, to, tariff, when}.
function todo.spans(w, list, t)
  local out, fields = {}, call('HGETALL', request_key(w.run, w.p, w.from))
  for i = 2, #fields, 2 do
    local q = book.request(fields[i])
    local ranks = q and request_ranks(q)
    local one = q and route.entry(list, q.lane)
    if one and is_inside(w, ranks) and is_repeatable(w, q, ranks, t) then
      out[#out + 1] = { ranks[1], ranks[#ranks] + 1, one.t, math.max(t.ms, (q.asked or 0) +
        backoff_ms(#q.copies)) }
    end
  end
  return out
end

-- Those that overlap become one: of the lane whose turn is first. due: when each rank is due.
function todo.join(spans, due)
  table.sort(spans, function(x, y) return x[1] < y[1] end)
  local out = {}
  for _, one in ipairs(spans) do
    local last = out[#out]
    if last and one[1] < last[2] then
      if one[4] < last[4] then last[3], last[4] = one[3], one[4] end
      last[2] = math.max(last[2], one[2])
    else
      out[#out + 1] = { one[1], one[2], one[3], one[4] }
    end
  end
  for _, one in ipairs(out) do
    for rank = one[1], one[2] - 1 do
      if due[rank] then one[4] = math.min(one[4], due[rank]) end
    end
  end
  return out
end

-- What is due in the window goes to where it can be claimed. how: {not_before; most, ranks of a
-- range of anybody's; is_mine: nobody else has anything between them, so that they may be one
-- range; is_idle: or function (rank), whether that is so}. → how many ranges, and how many ranks are anybody's.
function todo.put(w, list, spans, due, how)
  local puts, free, at = 0, 0, w.from
  local function add(from, to, when, tariff)
    todo_add(w.run, tariff and w.p .. ':' .. tariff or w.p, from, to,
      math.max(when, how.not_before or 0))
    puts = puts + 1
  end
  local function is_near(from, to)
    for rank = from, how.is_mine and from - 1 or to do
      if not (how.is_idle and how.is_idle(rank)) then return false end
    end
    return true
  end
  local function gap(to)
    local from, last, when
    for rank = at, to - 1 do
      if due[rank] then
        if from and (rank - from >= how.most or not is_near(last + 1, rank - 1)) then
          add(from, last + 1, when)
          from = nil
        end
        from, last, when = from or rank, rank, math.min(from and when or due[rank], due[rank])
        free = free + 1
      end
    end
    if from then add(from, last + 1, when) end
  end
  spans = todo.join(spans, due)
  -- A piece might be less than a batch.
  if #spans > 0 and list.least > 1 and how.is_mine then
    spans = todo.join({ { w.from, w.to, spans[1][3], spans[1][4] } }, due)
  end
  for _, one in ipairs(spans) do
    gap(one[1])
    add(one[1], one[2], one[4], one[3])
    at = one[2]
  end
  gap(w.to)
  return puts, free
end

-- Ranks that nobody works on and no range stands for; those with only idle ones between go together, for a
-- gateway with a smallest batch. → how many ranges.
function todo.put_again(w, list, due, is_idle, t)
  local spans = {}
  for _, one in ipairs(todo.spans(w, list, t)) do
    local is_due = false
    for rank = one[1], one[2] - 1 do is_due = is_due or due[rank] end
    if is_due then spans[#spans + 1] = one end
  end
  return (todo.put(w, list, spans, due, { most = 512, is_idle = is_idle }))
end

-- Where a due range of anybody's is cut, so that who takes the first part gets no more than `most`, if it
-- can be helped: not inside a request that may be repeated, and no part less than a batch.
function todo.cut(r, p, list, from, to, most, t)
  local w = window_open(r.id, p, from, to)
  local at = from + math.max(most, list.least)
  local spans = w and at < to and todo.spans(w, list, t) or {}
  for _, one in ipairs(todo.join(spans, {})) do
    if one[1] < at and at < one[2] then at = one[2] end
  end
  return to - at < list.least and to or at
end

-- [from, to) waits now: the range that stands for it is due at once; where it stood as a lane's own,
-- it is anybody's.
function todo.hurry(r, p, from, to, t)
  local list = route.of(r, p)
  for i, key in ipairs(todo.keys(r.id, p, list)) do
    for _, m in ipairs(call('ZRANGE', key, 0, -1)) do
      local f, e = string.match(m, '^(%d+):(%d+)$')
      f, e = tonumber(f), tonumber(e)
      if f == from and e == to and i > 1 then
        call('ZREM', key, m)
      elseif f <= from and e >= to then
        return todo_add(r.id, i == 1 and p or p .. ':' .. list[i - 1].t, f, e, t.ms)
      end
    end
  end
  todo_add(r.id, p, from, to, t.ms)
end

-- ---- what a lane that is away would keep ----

todo.FREE_AFTER_MS, todo.FREE_AT_ONCE = 1000, 64 -- a lane that works has taken it by then

-- One range of tariff `one` in window w. Nothing in it may be repeated any more: what waits there is
-- anybody's, what is in doubt a person's. Something may, something else waits, and the route has
-- left the lane: anybody may have the range; the doubt in it comes back as the lane's.
-- is_many: there are more than are looked at in one turn.
function todo.free_one(o, one, w, range, spans, is_many, t)
  local key = K.run .. w.run .. K.todo .. w.p .. ':' .. one.t
  local keeps, due, n = false, {}, 0
  for _, s in ipairs(spans) do keeps = keeps or range[1] <= s[1] and s[2] <= range[2] end
  for rank = range[1], range[2] - 1 do
    local rec = window_get(w, rank)
    if rec.state == S.WAITING then due[rank], n = t.ms, n + 1
    elseif rec.state == S.RETRY then
      due[rank], n = ((o.r.launched_s or 0) + rec.changed) * 1000 + backoff_ms(rec.attempt), n + 1
    elseif rec.state == S.UNKNOWN and not keeps then hold_one(w, rank) end
  end
  if keeps and (n == 0 or not o.st.seen[int(one.t)].left) then
    if is_many then call('ZADD', key, 'XX', int(t.ms), range.member) end -- after the others
    return
  end
  call('ZREM', key, range.member)
  if keeps then
    todo_add(w.run, w.p, range[1], range[2], t.ms)
  elseif n > 0 then
    local part = { run = w.run, p = w.p, from = range[1], to = range[2] }
    todo.put(part, o.list, {}, due, { most = STRING, is_mine = true })
  end
  route.give(o.st, one.t, -n)
end

-- By the keeper: the ranges of tariff `one` that its lane has not taken, those of one string.
function todo.free_of(r, o, one, t)
  local key = K.run .. r.id .. K.todo .. o.p .. ':' .. one.t
  local ranges, from, to = {}, nil, nil
  local due = call('ZRANGEBYSCORE', key, '-inf', int(t.ms - todo.FREE_AFTER_MS), 'LIMIT', 0,
    todo.FREE_AT_ONCE)
  for _, m in ipairs(due) do
    local f, e = string.match(m, '^(%d+):(%d+)$')
    f, e = tonumber(f), tonumber(e)
    if not from or floor(f / STRING) == floor(from / STRING) then
      ranges[#ranges + 1] = { f, e, member = m }
      from, to = math.min(from or f, f), math.max(to or e, e)
    end
  end
  local w = from and window_open(r.id, o.p, from, to)
  if not w then return end
  local spans = todo.spans(w, o.list, t)
  local is_many = #due == todo.FREE_AT_ONCE or #ranges < #due
  for _, range in ipairs(ranges) do todo.free_one(o, one, w, range, spans, is_many, t) end
  window_write(w)
end

function todo.free(r, t)
  if r.state ~= 'running' or not r.routes or t.ms < t.takeover_at then return end
  local seen = {}
  for p = 0, (tonumber(r.partitions) or 0) - 1 do
    local list = route.of(r, p)
    for _, one in ipairs(#list > 1 and list or {}) do
      if call('EXISTS', K.run .. r.id .. K.todo .. p .. ':' .. one.t) == 1 then
        todo.free_of(r, route.open(r, p, list, t, seen), one, t)
      end
    end
  end
  route.write(seen, t)
end
