"""Cells that the browser tests run."""

FIT = """%load_ext jupyter_modelstore
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.tree import DecisionTreeClassifier
from sklearn.metrics import accuracy_score
from sklearn.model_selection import train_test_split"""
DATA = """X, y = load_breast_cancer(return_X_y=True, as_frame=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)"""
TREE = """clf = DecisionTreeClassifier(max_depth=3, random_state=0).fit(X_train, y_train)
accuracy = accuracy_score(y_test, clf.predict(X_test))"""
LINEAR = """linear = LogisticRegression(max_iter=10_000).fit(X_train, y_train)
accuracy = accuracy_score(y_test, linear.predict(X_test))"""


def filled(count: int, *, versions: int = 1) -> str:
    """Return a cell that fills the store with rows, by the backend's own insert: no files behind them."""
    return f"""%load_ext jupyter_modelstore
import filling
filling.fill({count}, versions={versions})"""
