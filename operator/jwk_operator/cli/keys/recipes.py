"""Which key is to be made: what was asked for, completed and checked. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from jwk_operator.reconcile import keyuse

TYPES = tuple(keyuse.KTY.values())
RSA_SIZES = (2048, 3072, 4096)
_RSA_SIZE = 3072
_OCT_SIZES = range(128, 4097, 8)
_OCT_SIZE = 256


class RecipeError(ValueError):
    """No key can be as it was asked for; `option` is the one to change."""

    def __init__(self, option: str, message: str) -> None:
        super().__init__(message)
        self.option = option


@dataclass(frozen=True, slots=True)
class Recipe:
    """A key to be made. RSA and oct have a size in bits, the others a curve."""

    kty: str
    size: int | None
    curve: str | None
    use: str
    alg: str | None

    def __str__(self) -> str:
        form = self.curve or f"{self.size} bits"
        return f"{self.kty} key, {form}, use {self.use}" + (f", alg {self.alg}" if self.alg else "")


def choose(kty: str, size: int | None, curve: str | None, use: str | None, alg: str | None) -> Recipe:
    """Return what is to be made; what was not said is filled in. Raises `RecipeError`.

    Without a use it is that of the algorithm or the only one of the curve, else `sig`, as Apinizer has it for the keys
    that it makes. Without an algorithm it is the only one that fits, if there is just one.
    """
    if alg is not None:
        _check_algorithm(kty, use, alg)
    curve = _curve(kty, curve, use, alg)
    if alg is not None and curve is not None and alg not in keyuse.fitting(kty, curve):
        raise RecipeError("--alg", f"{alg} needs --curve {_either(keyuse.curves_of(alg, kty))}")
    use = use or (keyuse.use_of(alg) if alg else None) or keyuse.uses_of(curve)[0]
    if use not in keyuse.uses_of(curve):
        raise RecipeError("--use", f"a key on {curve} can only be for {keyuse.uses_of(curve)[0]}")
    size = _size(kty, size, use, alg)
    fits = _fitting(kty, size, curve, use)
    return Recipe(kty, size, curve, use, alg or (fits[0] if len(fits) == 1 else None))


def _check_algorithm(kty: str, use: str | None, alg: str) -> None:
    wanted, meant = keyuse.key_types_of(alg), keyuse.use_of(alg)
    if not wanted or meant is None:
        raise RecipeError("--alg", f"there is no such algorithm; {kty} has {', '.join(keyuse.algorithms(kty, use))}")
    if kty not in wanted:
        names = ", ".join(keyuse.algorithms(kty, use))
        raise RecipeError("--alg", f"{alg} needs --type {_either(wanted)}; {kty} has {names}")
    if use not in (None, meant):
        raise RecipeError(
            "--alg", f"{alg} needs --use {meant}; --use {use} has {', '.join(keyuse.algorithms(kty, use))}"
        )


def _curve(kty: str, curve: str | None, use: str | None, alg: str | None) -> str | None:
    if kty not in keyuse.CURVES:
        if curve is not None:
            raise RecipeError("--curve", f"--type {kty} has no curves; give --size")
        return None
    if curve is not None and curve not in keyuse.CURVES[kty]:
        raise RecipeError("--curve", f"--type {kty} has {', '.join(keyuse.CURVES[kty])}")
    if curve is not None:
        return curve
    if alg is not None:
        return keyuse.curves_of(alg, kty)[0]
    return next(item for item in keyuse.CURVES[kty] if use in (None, *keyuse.uses_of(item)))


def _size(kty: str, size: int | None, use: str, alg: str | None) -> int | None:
    if kty in keyuse.CURVES:
        if size is not None:
            raise RecipeError("--size", f"--type {kty} has no sizes; give --curve")
        return None
    if kty == "RSA":
        if size not in (None, *RSA_SIZES):
            raise RecipeError("--size", f"an RSA key has {_either(RSA_SIZES)} bits")
        return size or _RSA_SIZE
    return _oct_size(size, use, alg)


def _oct_size(size: int | None, use: str, alg: str | None) -> int:
    exact, least = keyuse.oct_bits(alg or ""), keyuse.hmac_bits(alg or "")
    if size is None:
        return least or (_OCT_SIZE if exact is None or _OCT_SIZE in exact else exact[0])
    if size not in _OCT_SIZES:
        raise RecipeError("--size", f"a symmetric key has {_OCT_SIZES[0]} to {_OCT_SIZES[-1]} bits in whole bytes")
    if exact is not None and size not in exact:
        raise RecipeError("--size", f"{alg} takes a key of {_either(exact)} bits")
    if size < (least or (_OCT_SIZE if use == "sig" else 0)):
        raise RecipeError("--size", f"{alg or 'HS256'} needs a key of {least or _OCT_SIZE} bits or more")
    return size


def _fitting(kty: str, size: int | None, curve: str | None, use: str) -> list[str]:
    return [
        name
        for name in keyuse.fitting(kty, curve, use)
        if size is None or kty == "RSA" or ((keyuse.hmac_bits(name) or 0) <= size)
    ]


def _either(values: tuple[str, ...] | tuple[int, ...]) -> str:
    return " or ".join(map(str, values))
