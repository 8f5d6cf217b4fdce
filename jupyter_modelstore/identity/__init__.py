"""Who is asking: a source of access tokens for each way of signing in, and the transport that puts them on requests."""

from jupyter_modelstore.identity._file_token import FileToken
from jupyter_modelstore.identity._keys import check_key, claims_of
from jupyter_modelstore.identity._one_user import OneUser
from jupyter_modelstore.identity._robot import Robot
from jupyter_modelstore.identity._session import EmailSession
from jupyter_modelstore.identity._transport import signed_client

__all__ = ["EmailSession", "FileToken", "OneUser", "Robot", "check_key", "claims_of", "signed_client"]
