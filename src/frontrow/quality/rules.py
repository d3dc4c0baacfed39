"""Rule packs: dated files of limits that an editor can read and change, and the dataclasses they fill."""
