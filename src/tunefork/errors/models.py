"""Models that cannot be used, before training or after."""

from __future__ import annotations

from tunefork.errors.base import TuneforkError


class ModelError(TuneforkError):
    """A model that cannot be used.

    Cause: Base of what may be wrong with a model; what is raised is one of the classes below.
    Remedy: See there.
    Example: There is no trained model (modle). Found: no such folder. Give a study's folder, one of its runs/
    folders, or a folder that save() wrote.
    """


class ModelNotFoundError(ModelError):
    """No model files under that name.

    Cause: The name is misspelt, the folder holds no model, or the hub cannot be reached and the model was never
    downloaded.
    Remedy: Correct the name, or download the model once where there is a network. `builtin:minilm` needs none.
    Example: There is no trained model (modle). Found: no such folder. Give a study's folder, one of its runs/
    folders, or a folder that save() wrote.
    """


class UnsupportedModelError(ModelError):
    """An architecture that is not supported, or a wish that makes no sense for it.

    Cause: The model is no plain stack of transformer blocks, brings code of its own, or is asked for what it has
    not.
    Remedy: Take another model, or ask for less; where code of the model is needed, `--trust-remote-code COMMIT`.
    Example: last_layers.count must be at most 2 but got 9 (last_layers.count). Found: 2 blocks in bert. Ask for
    fewer.
    """


class TargetError(ModelError):
    """LoRA targets that match nothing, or ranks that do not fit.

    Cause: A target is misspelt or is called differently in this model, or the rank is larger than a side of the
    matrix.
    Remedy: Use roles (`query+value`, `all-linear`): they mean the same on every architecture.
    Example: The target 'quary' selects no linear of this bert model (lora.targets). Found: roles query, key, value,
    output, mlp; linears query, key, value, dense. Use a role, or the end of a module's name.
    """


class WeightsError(ModelError):
    """Weights with NaN or Inf, of another shape, or in a format that is refused.

    Cause: The file was not written to its end, belongs to another config, or was saved after a training that
    diverged.
    Remedy: Download or save it again. Of pickles, convert them to safetensors, or read the tensors alone with
    `--allow-pickle`.
    Example: The tensor 'bert.encoder.layer.0.attention.self.query.weight' holds 1024 values that are NaN or
    infinite (broken). Found: 1,024 NaN and 0 infinite of its 1,024 values; 1 of 41 tensors is affected. Download
    the weights again, or use another checkpoint.
    """


class ArtefactError(TuneforkError):
    """A saved model that does not give the logits of the model in memory.

    Cause: What was saved or exported answers differently from what was trained. It is a defect here or in a
    library, not in your study.
    Remedy: Do not use the model. Report it, with the versions that `tunefork doctor` prints.
    Example: The saved model does not give the logits of the trained one (out/runs/full-32a441e8-s1). Found: a
    difference of up to 0.01 on 8 rows. Do not use it. Please report this, with the model's name and the versions in
    report.html.
    """
