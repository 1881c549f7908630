"""A client of a tracking server: `.venv-tracking/bin/python tracking_client.py`, a request a line, an answer a line.

It is no test module and runs where MLflow is, so it imports nothing of ours.
"""

import hashlib
import importlib
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

NAME, ALIAS = "flowers", "champion"


def main() -> None:
    """Answers requests until the end of standard input."""
    mlflow: Any = importlib.import_module("mlflow")
    importlib.import_module("mlflow.sklearn")
    for line in sys.stdin:
        asked = json.loads(line)
        mlflow.set_tracking_uri(asked["url"])
        try:
            answer = _log(mlflow) if asked["do"] == "log" else _read(mlflow, asked["run"])
        except mlflow.MlflowException as error:
            answer = {"refused": error.error_code}
        print(json.dumps(answer), file=sys.__stdout__, flush=True)


def _log(mlflow: Any) -> dict[str, Any]:
    """A run with a trained model, which is registered and has an alias."""
    data, target = _flowers()
    linear: Any = importlib.import_module("sklearn.linear_model")
    mlflow.set_experiment("proof")
    with mlflow.start_run() as run:
        model = linear.LogisticRegression(max_iter=500).fit(data, target)
        mlflow.log_params({"max_iter": 500})
        mlflow.set_tag("purpose", "proof")
        for step in range(3):
            mlflow.log_metric("accuracy", float(model.score(data, target)) - (2 - step) / 10, step=step)
        made = mlflow.sklearn.log_model(model, name="model", registered_model_name=NAME)
    mlflow.MlflowClient().set_registered_model_alias(NAME, ALIAS, made.registered_model_version)
    return _read(mlflow, run.info.run_id)


def _read(mlflow: Any, run_id: str) -> dict[str, Any]:
    """All that the server knows of a run and of its model, and the model's files byte by byte."""
    client = mlflow.MlflowClient()
    run = client.get_run(run_id)
    version = client.get_model_version_by_alias(NAME, ALIAS)
    address = f"models:/{NAME}@{ALIAS}"
    with tempfile.TemporaryDirectory() as place:
        folder = Path(mlflow.artifacts.download_artifacts(address, dst_path=place))
        files = {
            str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(folder.rglob("*"))
            if path.is_file() and path.name != "registered_model_meta"
        }
    data, _ = _flowers()
    return {
        "run": run_id,
        "status": run.info.status,
        "params": run.data.params,
        "purpose": run.data.tags["purpose"],
        "accuracy": [(one.step, one.value) for one in client.get_metric_history(run_id, "accuracy")],
        "version": int(version.version),
        "version_run": version.run_id,
        "files": files,
        "predictions": mlflow.pyfunc.load_model(address).predict(data).tolist(),
    }


def _flowers() -> tuple[Any, Any]:
    found = importlib.import_module("sklearn.datasets").load_iris()
    return found.data, found.target


if __name__ == "__main__":
    sys.stdout = sys.stderr
    main()
