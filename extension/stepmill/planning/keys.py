"""The static key of a step: the digest of everything that is known before it runs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from blake3 import blake3

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stepmill.model.artifact import ArtifactRef
    from stepmill.model.pipeline import Step

KEY_SCHEMA = 1
"""Part of every key: raise it when the meaning of a component changes."""


def components(
    step: Step,
    *,
    inputs: Mapping[str, ArtifactRef],
    random: Mapping[str, ArtifactRef],
    parameters: Mapping[str, Any],
    modules: Mapping[str, str],
    python_version: str,
    kernel: str = "",
    seed: int | None = None,
    secrets: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """Return what the key of `step` is made of: flat name -> digest, as in `StepRecord.components`.

    `inputs` and `random` may lack what is not known yet (upstream steps that still have to run): the
    result then serves to explain, not to look up. `modules` maps paths of local sources to digests.
    `secrets` maps the names of masked parameters to keyed digests of their values, which stand in the
    record instead of a digest that could be guessed. The step's name is no part of it, except through
    `seed`, which is derived from it.
    """
    made = {"code": step.code_digest, "python": python_version}
    if kernel:
        made["kernel"] = kernel
    if seed is not None:
        made["seed"] = str(seed)
    if step.options.metrics:
        made["metrics"] = digest_of(sorted(step.options.metrics))
    made |= {f"definition:{d.name}": d.digest for d in step.definitions if d.reached}
    for name in step.parameters:
        if name in parameters:
            made[f"parameter:{name}"] = (secrets or {}).get(name) or value_digest(parameters[name])
    made |= {f"input:{name}": artifact_digest(ref) for name, ref in inputs.items()}
    made |= {f"random:{name}": artifact_digest(ref) for name, ref in random.items()}
    made |= {f"module:{path}": digest for path, digest in modules.items()}
    return made


def static_key(made: Mapping[str, str]) -> str:
    """Return the key for the components `made`; their order does not matter."""
    return digest_of({"schema": KEY_SCHEMA, "components": dict(made)})


def artifact_digest(ref: ArtifactRef) -> str:
    """Return what a stored value contributes to a key: its digest, and which member of a bundle it is."""
    return f"{ref.digest}#{ref.member}" if ref.member else ref.digest


def value_digest(value: Any) -> str:
    """Return the digest of a parameter's value; `1`, `1.0` and `true` differ, so do two orders of a dict."""
    return digest_of(_tagged(value))


def digest_of(document: Any) -> str:
    """Return the BLAKE3 digest (64 hex digits) of `document` as canonical JSON."""
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return blake3(text.encode()).hexdigest()


def _tagged(value: Any) -> Any:
    if isinstance(value, dict):  # pairs: the order of the keys can be seen by the user's code
        return {"dict": [[_tagged(key), _tagged(item)] for key, item in value.items()]}
    if isinstance(value, (list, tuple)):
        return [_tagged(item) for item in value]
    return value


def derived_seed(run_seed: int, step_name: str) -> int:
    """Return the seed of a step that draws from generators nobody seeded: 0 <= seed < 2**32."""
    return int.from_bytes(blake3(f"{run_seed}\n{step_name}".encode()).digest(length=4), "big")
