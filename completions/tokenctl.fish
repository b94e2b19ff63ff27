# Completion of tokenctl for fish 3.4 and newer. Put it where fish looks:
#   tokenctl completion fish > ~/.config/fish/completions/tokenctl.fish

function __tokenctl_complete
    set -l words (commandline --current-process --tokenize --cut-at-cursor)
    COMPLETE=fish command tokenctl -- $words (commandline --current-token --cut-at-cursor) 2>/dev/null
end

complete --command tokenctl --keep-order --no-files --arguments '(__tokenctl_complete)'
