-- SPDX-License-Identifier: MIT
-- What operators need: a restored backup, and the libraries of other releases.

-- A restored backup: the old server went on after its moment, and nobody here knows
-- what it sent. What must be true before anything may leave:
local OPERATE = {}

-- Run numbers that the lost time may have used. A number used twice would give two
-- runs the same references: gateways would call the second one's messages duplicates.
OPERATE.SKIPPED_RUNS = 100000

-- [time of the backup in seconds] → [open runs paused, scheduled and approved campaigns made drafts]
-- Called once, by `loa restore`, in a Redis that nobody else speaks to; so it may look
-- at all keys. Told again it changes no more than the numbers that are skipped.
function OPERATE.restored(_, a)
  local paused, drafts, now_s = 0, 0, int(floor(clock().ms / 1000))
  for _, run in ipairs(call('ZRANGE', K.runs, 0, -1)) do
    local key = K.run .. run
    local state = call('HGET', key, 'state')
    if state == 'running' or state == 'paused' then
      call('HSET', key, 'state', 'paused', 'why', 'restored', 'restored_s', a[1], 'why_s', now_s,
        'reason', 'comes from a backup', 'why_by', 'loa restore')
      series.follow(run, 'paused')
      paused = paused + 1
    end
  end
  -- Its day may have come meanwhile, and the run that it became is not known here.
  local names = call('HGETALL', K.names .. 'campaign')
  for i = 2, #names, 2 do
    local key = K.campaign .. names[i]
    local state = call('HGET', key, 'state')
    if state == 'scheduled' or state == 'approved' then
      call('HSET', key, 'state', 'draft', 'why', 'restored')
      approval.forget(key)
      drafts = drafts + 1
    end
    series.restored(key)
  end
  call('DEL', K.schedule)
  -- A run that takes single messages goes on under a new number, for the same reason.
  call('DEL', K.notices)
  -- No process of the old life is alive, and its clock may not have been ours.
  call('DEL', K.incarnations)
  for _, key in ipairs(call('KEYS', K.lane .. '*')) do
    if sub(key, -#K.busy) == K.busy then call('DEL', key)
    else call('HDEL', key, 'tat', 'tat_at', 'tat_rate', 'not_before', 'why', 'purged', 'poll_at',
      'published', 'bad', 'opens', 'moved_at', 'probe', 'factor', 'factor_at') end
  end
  call('HDEL', K.meta, 'open_at', 'takeover_at')
  call('HSET', K.meta, 'restored_s', a[1])
  call('HINCRBY', K.seq, 'run', OPERATE.SKIPPED_RUNS)
  return { paused, drafts }
end

local LIBRARY_DAY_MS = 86400000

-- [library …] → those that no process has used for a day. One that is seen for the
-- first time counts as used now: its release may not have said so.
function OPERATE.unused(_, a)
  local t = clock()
  local out = {}
  for _, name in ipairs(a) do
    local used = tonumber(call('ZSCORE', K.libraries, name))
    if not used then call('ZADD', K.libraries, int(t.ms), name)
    elseif used < t.ms - LIBRARY_DAY_MS and name ~= 'loa' .. V then out[#out + 1] = name end
  end
  call('ZREMRANGEBYSCORE', K.libraries, '-inf', int(t.ms - 30 * LIBRARY_DAY_MS))
  return out
end
