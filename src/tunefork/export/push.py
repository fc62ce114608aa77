"""An exported folder as a repository of the hub."""

from __future__ import annotations

from pathlib import Path

from tunefork.errors import StoreError


def push(folder: Path, repository: str, private: bool = True) -> str:
    """Upload a folder, and make the repository where it is missing.

    Args:
        folder: what an export wrote.
        repository: ``name`` or ``owner/name``.
        private: whether a new repository is; one that is there stays as it is.

    Returns:
        The address of the commit.

    Raises:
        StoreError: the hub refuses, or is out of reach. The folder stays.
    """
    from huggingface_hub import HfApi

    api = HfApi()
    try:
        made = api.create_repo(repository, private=private, exist_ok=True)
        done = api.upload_folder(
            repo_id=made.repo_id, folder_path=folder, commit_message=f"Upload {folder.name} with tunefork"
        )
    except Exception as error:  # the hub's, its transport's and the network's errors have no common base
        lines = str(error).strip().splitlines()
        raise StoreError(
            "The export could not be uploaded",
            where=repository,
            found=lines[0][:300] if lines else type(error).__name__,
            fix=f"Log in with `hf auth login`, check the name and the network, and try again; {folder} stays.",
        ) from error
    return str(done.commit_url)
