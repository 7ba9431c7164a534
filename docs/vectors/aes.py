"""AES-256 (FIPS 197), one block at a time. Section numbers are those of FIPS 197.

The time depends on the key and the text, so this serves for test vectors only.
"""

ROUNDS = 14
KEY_WORDS = 8


def double(byte):
    """Multiplies by x in GF(2^8), modulo x^8 + x^4 + x^3 + x + 1 (section 4.2.1)."""
    byte <<= 1
    return byte ^ 0x11B if byte & 0x100 else byte


def multiply(one, other):
    """Multiplies in GF(2^8) (section 4.2)."""
    product = 0
    while other:
        if other & 1:
            product ^= one
        one, other = double(one), other >> 1
    return product


def substitute(byte):
    """The inverse in GF(2^8), or 0, and then the affine transformation (section 5.1.1)."""
    inverse = next((other for other in range(256) if multiply(byte, other) == 1), 0)
    twice = inverse << 8 | inverse
    result = 0x63
    for shift in range(4, 9):
        result ^= twice >> shift & 0xFF
    return result


SBOX = bytes(substitute(byte) for byte in range(256))


def xor(one, other):
    return bytes(a ^ b for a, b in zip(one, other))


def sub_bytes(state):
    """Section 5.1.1."""
    return bytes(SBOX[byte] for byte in state)


def shift_rows(state):
    """Row r moves r columns to the left (section 5.1.2). The state is column after column."""
    return bytes(state[(at + 4 * (at % 4)) % 16] for at in range(16))


def mix_columns(state):
    """Each column is multiplied by {03}x^3 + {01}x^2 + {01}x + {02} (section 5.1.3)."""
    mixed = []
    for column in (state[at : at + 4] for at in range(0, 16, 4)):
        for row in range(4):
            a, b, c, d = (column[(row + at) % 4] for at in range(4))
            mixed.append(double(a) ^ double(b) ^ b ^ c ^ d)
    return bytes(mixed)


def expand_key(key):
    """The key of each round (section 5.2)."""
    words = [key[at : at + 4] for at in range(0, 4 * KEY_WORDS, 4)]
    constant = 1
    while len(words) < 4 * (ROUNDS + 1):
        word = words[-1]
        if len(words) % KEY_WORDS == 0:
            word = xor(sub_bytes(word[1:] + word[:1]), bytes([constant, 0, 0, 0]))
            constant = double(constant)
        elif len(words) % KEY_WORDS == 4:
            word = sub_bytes(word)
        words.append(xor(words[-KEY_WORDS], word))
    return [b"".join(words[at : at + 4]) for at in range(0, len(words), 4)]


def encrypt_block(key, block):
    """Encrypts 16 bytes with a key of 32 (section 5.1)."""
    first, *middle, last = expand_key(key)
    state = xor(block, first)
    for round_key in middle:
        state = xor(mix_columns(shift_rows(sub_bytes(state))), round_key)
    return xor(shift_rows(sub_bytes(state)), last)


# The example of FIPS 197 (2001), appendix C.3.
assert encrypt_block(
    bytes(range(32)), bytes.fromhex("00112233445566778899aabbccddeeff")
) == bytes.fromhex("8ea2b7ca516745bfeafc49904b496089")
