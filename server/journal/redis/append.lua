-- Append events: {'new' | 'repeat', first, last}, {'conflict', last} or {'fenced'}.

local found = earlier()
if found then
  return found
end
local last_seq = last_seq_of_session()
return refused(last_seq) or append(last_seq, #ARGV)
