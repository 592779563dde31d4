-- The requests of bench/http.pl, sent by wrk: each of its threads is a client
-- with one connection, sends the requests of a list of its own one after the
-- other, and writes down when each was sent, its status and the microseconds that
-- it took.
--
--   wrk -t CLIENTS -c CLIENTS -d 3600 -s http_load.lua URL -- PREFIX [BODY]
--
-- The list of client N is the file PREFIXN.list, a line "METHOD PATH" each, and
-- what it writes is PREFIXN.log, which is there when the client is done.  BODY is a
-- file that is sent, as JSON, with each request.
local ffi = require 'ffi'

ffi.cdef [[
  typedef struct { long seconds; long nanoseconds; } moment;
  int clock_gettime(int clock, moment *now);
]]

local moment = ffi.new 'moment'
local clients = 0
local requests, times, at = {}, {}, 1
local began, log

-- Returns the microseconds on a clock that all clients share.
local function now()
  ffi.C.clock_gettime(1, moment)
  return tonumber(moment.seconds) * 1e6 + tonumber(moment.nanoseconds) / 1e3
end

-- Numbers the threads.
function setup(thread)
  thread:set('client', clients)
  clients = clients + 1
end

-- Returns the text of a file.
local function read(path)
  local file = assert(io.open(path))
  local text = file:read '*a'

  -- wrk has no room for more open files than its own
  file:close()
  return text
end

-- Reads the list.
function init(arguments)
  local prefix = arguments[1] .. client
  local headers, body = {}, nil

  if arguments[2] then
    body = read(arguments[2])
    headers['Content-Type'] = 'application/json'
  end
  log = prefix .. '.log'
  for method, path in read(prefix .. '.list'):gmatch '(%S+) (%S+)\n' do
    requests[#requests + 1] = wrk.format(method, path, headers, body)
  end
end

-- Returns the next request.  One that is sent again, because its connection was
-- lost, counts as failed; wrk asks for the first one once more before it begins.
function request()
  if began and at > 1 then
    times[#times + 1] = string.format('%.0f\t0\t0\n', began)
  end
  began = now()
  return requests[at] or requests[1]
end

-- Writes down an answer.
function response(status)
  local ended = now()

  times[#times + 1] = string.format('%.0f\t%d\t%.0f\n', began, status, ended - began)
  began = nil
  at = at + 1
  if at == #requests + 1 then
    local out = assert(io.open(log .. '.part', 'w'))

    out:write(table.concat(times))
    out:close()
    os.rename(log .. '.part', log)
    wrk.thread:stop()
  end
end
