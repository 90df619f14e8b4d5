"""Settings of every user's server."""

c = get_config()  # noqa: F821 (provided by Jupyter)

# JupyterLab neither calls out at the first login nor asks whether it may.
c.LabApp.news_url = None
c.LabApp.check_for_updates_class = "jupyterlab.NeverCheckForUpdate"
