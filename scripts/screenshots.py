"""Draw ``docs/images/notebook.png``: a notebook with real models, as JupyterLab shows it.

The cells below are run in a kernel with a store of their own, turned into a page with JupyterLab's light theme by nbconvert,
and photographed by a headless chromium, at double density. Needs chromium and ``.[test]``; the CHROMIUM variable names
another browser of that family.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from run_notebook import execute, stay_in

TARGET = Path(__file__).parents[1] / "docs" / "images" / "notebook.png"
WIDTH, DENSITY = 940, 1.6
TRAIN = """
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits
from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestClassifier
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import roc_auc_score, root_mean_squared_error
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

def split(load):
    return train_test_split(*load(return_X_y=True, as_frame=True), random_state=0)

X_train, X_test, y_train, y_test = split(load_diabetes)
ridge = Ridge(alpha=0.1).fit(X_train, y_train)
trees = HistGradientBoostingRegressor(max_depth=3, max_iter=60, random_state=0).fit(X_train, y_train)
ridge_r2, ridge_rmse = ridge.score(X_test, y_test), root_mean_squared_error(y_test, ridge.predict(X_test))
trees_r2, trees_rmse = trees.score(X_test, y_test), root_mean_squared_error(y_test, trees.predict(X_test))
X_train, X_test, y_train, y_test = split(load_digits)
search = GridSearchCV(SVC(), {"C": [1, 10], "gamma": [0.001, 0.01]}, cv=3).fit(X_train, y_train)
digits_accuracy = search.score(X_test, y_test)
X_train, X_test, y_train, y_test = split(load_breast_cancer)
forest = RandomForestClassifier(n_estimators=200, random_state=0).fit(X_train, y_train)
forest_auc, forest_accuracy = roc_auc_score(y_test, forest.predict_proba(X_test)[:, 1]), forest.score(X_test, y_test)
"""
SAVE = """
%save_model trees "diabetes" -m r2=trees_r2 -m rmse=trees_rmse -t baseline
%save_model ridge "diabetes" -m r2=ridge_r2 -m rmse=ridge_rmse -t clinic -t linear -a champion
%save_model search "digits" -m accuracy=digits_accuracy -t vision
%save_model forest "tumour" -m auc=forest_auc -m accuracy=forest_accuracy -t clinic -t baseline
"""
FIT = """
clf = make_pipeline(StandardScaler(), LogisticRegression(C=0.5)).fit(X_train, y_train)
auc = roc_auc_score(y_test, clf.predict_proba(X_test)[:, 1])
accuracy = clf.score(X_test, y_test)
"""
KEEP = '%save_model clf "tumour" -m auc=auc -m accuracy=accuracy -t clinic -a champion -d "scaled, and simple"'
CELLS = ("%load_ext jupyter_modelstore", TRAIN, SAVE, FIT, KEEP, "%models", "best = %load_model tumour@champion")
SHOWN = slice(3, None)
PAGE = """<style>
body { padding: 14px 12px 10px 0 !important }
.jp-Cell { padding: 4px !important }
.jp-OutputArea-child { padding-left: 12px }
.jp-OutputArea-output pre { padding-left: 0 !important }
</style>"""


def main() -> None:
    """Run, convert, photograph."""
    with tempfile.TemporaryDirectory(prefix="modelstore-picture-") as directory:
        stay_in(Path(directory))
        page = Path(directory) / "page.html"
        page.write_text(html(), encoding="utf-8")
        TARGET.parent.mkdir(parents=True, exist_ok=True)
        height = re.search(r"<title>(\d+)</title>", browse(page, "--dump-dom"))
        if height is None:
            sys.exit("The browser did not tell the height of the page.")
        browse(page, f"--screenshot={TARGET}", height=int(height[1]))
    print(f"{TARGET.relative_to(Path.cwd())}: {TARGET.stat().st_size / 1000:.0f} kB")


def html() -> str:
    """Return the executed cells as a page without scripts of others."""
    import nbformat
    from nbconvert import HTMLExporter

    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source.strip()) for source in CELLS])
    execute(notebook)
    notebook.cells = notebook.cells[SHOWN]
    for number, cell in enumerate(notebook.cells, 1):
        cell.execution_count = number
    body, _ = HTMLExporter(template_name="lab", theme="light").from_notebook_node(notebook)
    body = re.sub(r"<script.*?</script>", "", body, flags=re.DOTALL)
    tell = "<script>document.title = Math.ceil(document.querySelector('main').getBoundingClientRect().bottom + 10)</script>"
    return body.replace("</head>", f"{PAGE}</head>").replace("</body>", f"{tell}</body>")


def browse(page: Path, *arguments: str, height: int = 1000) -> str:
    """Open a page in a headless chromium; return what it prints."""
    browser = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        sys.exit("chromium is needed: apt install chromium")
    shape = [f"--window-size={WIDTH},{height}", f"--force-device-scale-factor={DENSITY}", "--hide-scrollbars"]
    # No sandbox: the page is ours, and containers often cannot have one.
    command = [browser, "--headless", "--no-sandbox", "--disable-gpu", *shape, *arguments, page.as_uri()]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=120).stdout


if __name__ == "__main__":
    main()
