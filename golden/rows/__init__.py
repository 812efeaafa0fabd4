"""New golden cases of layers, a file for each family: `ROWS`, each a tuple of the fields of `Case`.

A file may also have `OWN`, classes that stand in for layers that Keras lacks, and `SEPARATE`, layers whose inputs are arguments of
their own rather than one list.
"""

import collections

# What a call's arguments say of tensors that are recorded beside them.
MASK = "see tensor 'mask'"
STATES = "the further inputs"

# The call of a cell: its states are the further inputs.
STEP = {"states": STATES}

# `label` follows the class in the file's name; `style` is a key of NOTES and tells how the inputs are drawn.
Case = collections.namedtuple("Case", "kind label build shapes call style", defaults=({}, None))
