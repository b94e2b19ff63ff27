# Completion of tokenctl for PowerShell 7. Read it in $PROFILE with
#   tokenctl completion powershell | Out-String | Invoke-Expression

Register-ArgumentCompleter -Native -CommandName tokenctl -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    # What was typed is read, never run: a variable stays its name.
    $words = @($commandAst.CommandElements | Where-Object { $_.Extent.EndOffset -lt $cursorPosition } | ForEach-Object {
        if ($_ -is [System.Management.Automation.Language.StringConstantExpressionAst]) { $_.Value } else { $_.Extent.Text }
    })
    $before = $env:COMPLETE
    try {
        $env:COMPLETE = 'powershell'
        # The `=` keeps an empty word from being dropped.
        $found = @(& tokenctl '--' @words "=$wordToComplete" 2>$null)
    } finally {
        $env:COMPLETE = $before
    }
    foreach ($entry in $found) {
        $text, $help = $entry -split "`t", 2
        if (-not $help) { $help = $text }
        [System.Management.Automation.CompletionResult]::new($text, $text, 'ParameterValue', $help)
    }
}
