"""From tmpnb to this kit: how it was started, as lines for ``.env``."""
