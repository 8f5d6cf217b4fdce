"""Auth answers with the codes that supabase-py was seen to get, and its refresh tokens are used once."""

from __future__ import annotations

import re
import uuid
from datetime import timedelta
from pathlib import Path

import jwt
import psycopg
import pytest

pytest_plugins = ("supabase_fixtures",)
pytestmark = pytest.mark.supabase


@pytest.fixture
def auth(stack, http):
    """Auth over plain HTTP: ``auth("POST", "token?grant_type=…", token=…, json=…)``."""

    def call(method, path, *, token="", new=True, **more):
        headers = {"apikey": stack.key} | ({"X-Supabase-Api-Version": "2024-01-01"} if new else {})
        headers |= {"Authorization": f"Bearer {token}"} if token else {}
        return http.request(method, f"/auth/v1/{path}", headers=headers, **more)

    return call


@pytest.fixture
def refresh(auth):
    return lambda token: auth("POST", "token?grant_type=refresh_token", json={"refresh_token": token})


def refused(answer):
    return answer.status_code, answer.json()["code"]


def test_signing_up_gives_a_session(auth, stack):
    email = f"{uuid.uuid4().hex}@example.org"
    told = auth("POST", "signup", json={"email": email, "password": "secret12", "data": {"name": "Ada"}}).json()
    claims = jwt.decode(told["access_token"], stack.jwt_secret, algorithms=["HS256"], audience="authenticated")
    assert claims["sub"] == told["user"]["id"]
    assert claims["role"] == "authenticated"
    assert claims["email"] == email
    assert claims["user_metadata"]["name"] == "Ada"
    assert claims["exp"] - claims["iat"] == told["expires_in"] == 3600
    assert auth("GET", "user", token=told["access_token"]).json()["email"] == email
    assert auth("DELETE", f"admin/users/{claims['sub']}", token=stack.service_key).status_code == 200
    assert refused(auth("GET", "user", token=told["access_token"])) == (403, "user_not_found")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"email": "x@example.org", "password": "short"}, 422, "weak_password"),
        ({"email": "nobody", "password": "secret12"}, 400, "validation_failed"),
        ({"email": "x@example.org"}, 400, "validation_failed"),
        ({"email": "x@example.org", "password": "p" * 73}, 400, "validation_failed"),
        ({}, 422, "anonymous_provider_disabled"),
    ],
)
def test_refused_sign_ups(auth, body, status, code):
    assert refused(auth("POST", "signup", json=body)) == (status, code)


def test_the_address_is_taken(auth, new_user):
    ada = new_user()
    answer = auth("POST", "signup", json={"email": ada.email.upper(), "password": "secret12"})
    assert (answer.status_code, answer.json()) == (422, {"code": "user_already_exists", "message": "User already registered"})


def test_older_clients_get_the_older_shape(auth):
    answer = auth("POST", "token?grant_type=password", json={"email": "x@example.org", "password": "wrong"}, new=False)
    assert answer.json() == {"code": 400, "error_code": "invalid_credentials", "msg": "Invalid login credentials"}


def test_signing_in(client, new_user):
    ada = new_user()
    signed = client().auth.sign_in_with_password({"email": ada.email, "password": ada.password})
    assert signed.user.id == ada.id


def test_what_the_client_raises(client, new_user):
    from supabase_auth.errors import AuthApiError, AuthWeakPasswordError

    ada, somebody = new_user(), client()
    with pytest.raises(AuthApiError) as caught:
        somebody.auth.sign_in_with_password({"email": ada.email, "password": "wrong"})
    assert (caught.value.status, caught.value.code) == (400, "invalid_credentials")
    with pytest.raises(AuthWeakPasswordError) as caught:
        somebody.auth.sign_up({"email": f"{uuid.uuid4().hex}@example.org", "password": "short"})
    assert caught.value.reasons == ["length"]


@pytest.mark.parametrize(
    ("claims", "status", "code"),
    [
        ({"exp": 1}, 403, "bad_jwt"),
        ({"sub": None}, 403, "bad_jwt"),
        ({"sub": "ada"}, 400, "bad_jwt"),
        ({}, 403, "user_not_found"),
    ],
)
def test_refused_tokens(auth, stack, claims, status, code):
    assert refused(auth("GET", "user", token=stack.mint(claims))) == (status, code)


def test_a_token_of_another_secret_or_of_nothing(auth):
    forged = jwt.encode({"sub": str(uuid.uuid4()), "role": "service_role"}, "x" * 32, "HS256")
    assert refused(auth("GET", "user", token=forged)) == (403, "bad_jwt")
    assert refused(auth("GET", "user", token="garbage")) == (403, "bad_jwt")
    assert refused(auth("GET", "admin/users", token=forged)) == (403, "bad_jwt")


def test_only_the_service_role_is_admin(auth, stack, new_user):
    ada = new_user()
    for token in (stack.key, ada.access_token, stack.mint(role="authenticated")):
        assert refused(auth("GET", "admin/users", token=token)) == (403, "not_admin")
    found = auth("GET", f"admin/users/{ada.id}", token=stack.service_key)
    assert found.json()["email"] == ada.email


def test_an_unknown_session(auth, stack, new_user):
    ada = new_user()
    token = stack.mint(sub=ada.id, session_id=str(uuid.uuid4()))
    assert refused(auth("GET", "user", token=token)) == (403, "session_not_found")
    assert auth("GET", "user", token=stack.mint(sub=ada.id)).status_code == 200


@pytest.mark.parametrize("scope", ["global", "local", "others"])
def test_signing_out(auth, refresh, new_user, scope):
    ada = new_user()
    other = auth("POST", "token?grant_type=password", json={"email": ada.email, "password": ada.password}).json()
    assert auth("POST", f"logout?scope={scope}", token=ada.access_token).status_code == 204
    kept = {"global": (400, 400), "local": (400, 200), "others": (200, 400)}[scope]
    assert (refresh(ada.refresh_token).status_code, refresh(other["refresh_token"]).status_code) == kept
    assert auth("GET", "user", token=ada.access_token).status_code == (200 if scope == "others" else 403)


def test_a_new_password_ends_the_other_sessions(auth, refresh, new_user):
    ada = new_user()
    other = auth("POST", "token?grant_type=password", json={"email": ada.email, "password": ada.password}).json()
    assert refused(auth("PUT", "user", token=ada.access_token, json={"password": ada.password})) == (422, "same_password")
    assert auth("PUT", "user", token=ada.access_token, json={"password": "another12"}).status_code == 200
    assert refresh(other["refresh_token"]).status_code == 400
    assert refresh(ada.refresh_token).status_code == 200


def test_a_banned_person(auth, refresh, stack, new_user):
    ada = new_user()
    auth("PUT", f"admin/users/{ada.id}", token=stack.service_key, json={"ban_duration": "24h"}).raise_for_status()
    assert refused(refresh(ada.refresh_token)) == (400, "user_banned")
    assert refused(auth("GET", "user", token=ada.access_token)) == (403, "user_banned")


def age(stack, person):
    """Let the reuse interval pass: the person's refresh tokens become a minute older."""
    with psycopg.connect(stack.database_url, autocommit=True) as connection:
        statement = "update auth.refresh_tokens set updated_at = updated_at - %s where user_id = %s"
        connection.execute(statement, [timedelta(minutes=1), person.id])


class TestRefreshTokens:
    def test_unknown(self, refresh):
        assert refused(refresh("nonsense")) == (400, "refresh_token_not_found")

    def test_the_direct_parent_gets_the_active_token_however_late(self, stack, refresh, new_user):
        ada = new_user()
        first = refresh(ada.refresh_token).json()["refresh_token"]
        assert refresh(ada.refresh_token).json()["refresh_token"] == first
        age(stack, ada)
        assert refresh(ada.refresh_token).json()["refresh_token"] == first

    def test_two_generations_back_within_the_interval_branches_off(self, refresh, new_user):
        ada = new_user()
        first = refresh(ada.refresh_token).json()["refresh_token"]
        second = refresh(first).json()["refresh_token"]
        again = refresh(ada.refresh_token)
        assert again.status_code == 200
        assert again.json()["refresh_token"] not in (ada.refresh_token, first, second)

    def test_two_generations_back_after_the_interval_revokes_the_family(self, stack, refresh, new_user):
        ada = new_user()
        first = refresh(ada.refresh_token).json()["refresh_token"]
        second = refresh(first).json()["refresh_token"]
        age(stack, ada)
        assert refused(refresh(ada.refresh_token)) == (400, "refresh_token_already_used")
        age(stack, ada)
        for token in (ada.refresh_token, first, second):
            assert refused(refresh(token)) == (400, "refresh_token_already_used")

    def test_crossing_refreshes_agree(self, refresh, new_user):
        from concurrent.futures import ThreadPoolExecutor

        ada = new_user()
        with ThreadPoolExecutor(4) as pool:
            answers = list(pool.map(refresh, [ada.refresh_token] * 8))
        assert {answer.status_code for answer in answers} == {200}
        assert len({answer.json()["refresh_token"] for answer in answers}) == 1


@pytest.fixture
def letters(stack):
    if stack.local is None:
        pytest.skip("only the stack on this machine shows its letters")
    return stack.local


def test_a_code_by_mail_signs_in_once(auth, stack, letters, new_user):
    ada = new_user()
    assert auth("POST", "otp", json={"email": ada.email, "create_user": False}).json() == {}
    code = letters.code(ada.email)
    wrong = {"email": ada.email, "token": "000000" if code != "000000" else "000001", "type": "email"}
    assert refused(auth("POST", "verify", json=wrong)) == (403, "otp_expired")
    right = {**wrong, "token": code}
    assert auth("POST", "verify", json=right).json()["user"]["id"] == ada.id
    assert refused(auth("POST", "verify", json=right)) == (403, "otp_expired")


def test_a_code_goes_to_nobody_unknown_unless_they_may_join(auth, stack, letters):
    email = f"{uuid.uuid4().hex}@example.org"
    assert refused(auth("POST", "otp", json={"email": email, "create_user": False})) == (422, "otp_disabled")
    assert auth("POST", "otp", json={"email": email}).status_code == 200
    joined = auth("POST", "verify", json={"email": email, "token": letters.code(email), "type": "email"}).json()
    assert joined["user"]["email_confirmed_at"]
    auth("DELETE", f"admin/users/{joined['user']['id']}", token=stack.service_key).raise_for_status()


def test_an_old_code(auth, stack, letters, new_user):
    ada = new_user()
    auth("POST", "otp", json={"email": ada.email}).raise_for_status()
    with psycopg.connect(stack.database_url, autocommit=True) as connection:
        connection.execute(
            "update auth.one_time_tokens set created_at = now() - interval '61 minutes' where user_id = %s", [ada.id]
        )
    body = {"email": ada.email, "token": letters.code(ada.email), "type": "email"}
    assert refused(auth("POST", "verify", json=body)) == (403, "otp_expired")


def test_no_log_holds_a_secret(auth, stack, letters, new_user):
    ada = new_user()
    auth("GET", "user", token=ada.access_token)
    auth("POST", "token?grant_type=password", json={"email": ada.email, "password": "wrong-" + ada.password})
    logs = "".join(Path(log).read_text(encoding="utf-8") for log in letters.directory.glob("*.log"))
    assert not re.search("|".join(map(re.escape, (ada.password, ada.access_token, stack.service_key, stack.jwt_secret))), logs)
