"""The model description is made from the declarations."""

from pathlib import Path

import pytest
from quartier.outputs.describe import renew

PAGE = Path(__file__).parents[2] / "docs" / "model-description.md"


def test_the_generated_parts_of_the_model_description_are_up_to_date():
    text = PAGE.read_text(encoding="utf-8")
    assert renew(text) == text, "run: python -m quartier.outputs.describe docs/model-description.md"


def test_a_page_without_markers_is_refused():
    with pytest.raises(ValueError, match="generated: step"):
        renew("no markers here")
