"""The model of the key `decision` of endpoints."""

from typing import Literal

from stacks.file.vocabulary import Day, Part, TagText


class Decision(Part):
    """What a model's answers decide about people, where no person does (GDPR Art. 22)."""

    effect: Literal["legal", "significant"]
    """What a decision does to a person: `legal` to their rights, `significant` as much, such as a refused credit."""

    dpia_id: TagText
    """Impact assessment of the processing (GDPR Art. 35)."""

    dpia_review: Day
    """Day of its next review; from then on the policies refuse the endpoint."""

    human_review: TagText
    """Where people go who want a person to decide (GDPR Art. 22(3)): an address or a page."""

    @property
    def marks(self) -> dict[str, str]:
        """The same as tags and annotations, as the policies read them."""
        return {
            "decision-effect": self.effect,
            "dpia-id": self.dpia_id,
            "dpia-review": self.dpia_review,
            "human-review": self.human_review,
        }
