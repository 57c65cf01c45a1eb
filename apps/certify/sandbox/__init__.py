"""The sandbox of children that read files from outside: who starts them, what they may use, how they end.

A file may hold anything, so a program of its own reads it. `limits` says what that program may use.
`child_process` is the parent's side: it starts a program in a clean environment, watches it, and kills it
with all it started. `one_answer` runs a program for one answer. `restrictions` is the child's side. `ends`
turns an exit status into one of the errors of `apps.certify.errors`.

The users say which program runs within which limits, what goes in, and what comes out.
"""
