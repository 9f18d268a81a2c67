# Generated sources are declared by the folder that owns them (src/aws).
