"""An API as CompreFace has it, beside the console's own: programs made for CompreFace switch by changing an address."""
