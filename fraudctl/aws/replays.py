"""The template's part for replays: role and log of their applications, and what who asks for one needs.

Applications themselves are made when a replay is asked for (`fraudctl.aws.second`), and deleted when it has
ended. No role of the stack is given these rights: attach the policy to who runs `fraudctl replay`, or to the
role of the machine it is run on; and the second one to who may let a replay's decisions replace those that
stand.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from fraudctl.aws import job, rights, run_numbers
from fraudctl.aws.documents import Document, Resources

if TYPE_CHECKING:
    from fraudctl.settings.profile import Profile

FOLDER: Final = "replays"
"""of the bucket of code, where their packages lie while they run"""
ROLE, LOG, POLICY = "ReplayRole", "ReplayLog", "ReplayRights"
PUBLISHING: Final = "PublishRights"
_STREAM: Final = "ReplayLogStream"
_CODE: Final = "arn:${AWS::Partition}:s3:::${CodeBucket}"
_OWN: Final = (
    "arn:${AWS::Partition}:kinesisanalytics:${AWS::Region}:${AWS::AccountId}:application/${Name}-replay-*"
)
_STACK: Final = (
    "arn:${AWS::Partition}:cloudformation:${AWS::Region}:${AWS::AccountId}:stack/${Name}-pipeline/*"
)
OUTPUTS: Final[Resources] = {
    ROLE: {"Value": {"Fn::GetAtt": [ROLE, "Arn"]}},
    LOG: {"Value": job.stream_arn(_STREAM)},
    POLICY: {"Value": {"Ref": POLICY}},
    PUBLISHING: {"Value": {"Ref": PUBLISHING}},
}


def resources(profile: Profile) -> Resources:
    """What replays need that is there all the time, and costs nothing."""
    return {
        ROLE: job.application_role(rights.replay_job(profile), f"{FOLDER}/*"),
        _STREAM: job.log_stream(),
        POLICY: _policy(
            "What fraudctl replay does, and no more",
            [*rights.on_kafka(rights.replay(profile)), *_on_applications(), *_on_code()],
        ),
        PUBLISHING: _policy(
            "What fraudctl replay --publish does beside, and no more",
            [*rights.on_kafka(rights.publishing(profile)), _on_run_numbers()],
        ),
    }


def _policy(said: str, statements: list[rights.Statement]) -> Document:
    properties = {"Description": said, "PolicyDocument": rights.policy(statements)}
    return {"Type": "AWS::IAM::ManagedPolicy", "Properties": properties}


def _on_applications() -> list[rights.Statement]:
    made = ("CreateApplication", "StartApplication", "StopApplication", "DeleteApplication")
    actions = [f"kinesisanalytics:{one}" for one in (*made, "DescribeApplication")]
    only = {"StringEquals": {"iam:PassedToService": "kinesisanalytics.amazonaws.com"}}
    role = {"Fn::GetAtt": [ROLE, "Arn"]}
    return [
        _allowed("Applications", actions, {"Fn::Sub": _OWN}),
        _allowed("Role", ["iam:PassRole"], role) | {"Condition": only},
        _allowed("Stack", ["cloudformation:DescribeStacks"], {"Fn::Sub": _STACK}),
    ]


def _on_code() -> list[rights.Statement]:
    own = {"Fn::Sub": f"{_CODE}/{FOLDER}/*"}
    return [
        _allowed("LivePackage", ["s3:GetObject"], {"Fn::Sub": f"{_CODE}/${{CodeKey}}"}),
        _allowed("OwnPackage", ["s3:DeleteObject", "s3:PutObject"], own),
    ]


def _on_run_numbers() -> rights.Statement:
    newest = {"Fn::Sub": f"{_CODE}/{run_numbers.FOLDER}/${{Name}}"}
    return _allowed("RunNumbers", ["s3:GetObject", "s3:PutObject"], newest)


def _allowed(name: str, actions: list[str], resource: Document) -> rights.Statement:
    return {"Sid": name, "Effect": "Allow", "Action": actions, "Resource": resource}
