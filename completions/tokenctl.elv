# Completion of tokenctl for Elvish. Read it in ~/.config/elvish/rc.elv with
#   eval (tokenctl completion elvish | slurp)

set edit:completion:arg-completer[tokenctl] = {|@words|
  try {
    env COMPLETE=elvish tokenctl -- $@words 2>/dev/null | from-lines
  } catch {
    nop
  }
}
