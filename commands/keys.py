"""The commands of `flask` for the file of encryption keys."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import Any

import click

from commands.shell import act, beside, changed, read_settings, stop
from commands.shell import keys as load
from store.algorithms import AES, FAMILIES
from store.copies import resealing
from store.errors import StoreError
from store.keys import add_key, create_keys, destroy_key, listed

MOST_WALKS = 9


@click.group()
def keys() -> None:
    """The file of encryption keys (YJS_KEYS)."""


@keys.command("create")
@click.option("--algorithm", type=click.Choice([*FAMILIES]), default=AES.name, show_default=True,
              help="aes: AES-256-GCM, HMAC-SHA256, SHA-256. sm4: SM4-GCM, HMAC-SM3, SM3 (国密).")
def keys_create(algorithm: str) -> None:
    """Make the key file; never overwrites one."""
    _on_keys(partial(create_keys, family=FAMILIES[algorithm]), "已生成")


@keys.command("add")
@click.option("--algorithm", type=click.Choice([*FAMILIES]), help="By default that of the newest key.")
def keys_add(algorithm: str | None) -> None:
    """Add a newer key: what is sealed from the next start on uses it, the older ones still open the rest."""
    _on_keys(partial(add_key, family=FAMILIES.get(algorithm or "")), "已加入新密钥，重新启动服务后生效：")


@keys.command("list")
@click.option("--count", is_flag=True, help="Also how many values each has sealed; it reads all there is.")
def keys_list(count: bool) -> None:
    """The keys by their ids, which say nothing of them; the last one seals."""
    newest, numbers = load().newest, _counted() if count else {}
    for key, family in listed(read_settings().key_file):
        said = f"  {numbers.get(key, 0)} 项" if count else ""
        click.echo(f"{key}  {family}{said}  {'用来加密' if key == newest else '只用来解密'}")


@keys.command("reseal")
@act("换用新密钥")
def keys_reseal(dry_run: bool, **said: str) -> None:
    """Seal anew with the newest key what an older one sealed, beside the running portal; may be cut off and run
    again."""
    newest = load().newest
    if dry_run:
        numbers = _counted()
        click.echo(f"将换成新密钥加密：{sum(numbers.values()) - numbers.get(newest, 0)} 项。")
        return
    total, damaged = 0, list[str]()
    for _ in range(MOST_WALKS):  # until a whole walk finds nothing: others wrote meanwhile
        walked, damaged = _walk(newest)
        if not walked:
            break
        total += walked
    else:
        stop(f"已换成新密钥加密 {total} 项，但还有进程在用旧密钥；请把所有主机都重新启动，再运行一次。")
    if damaged:
        stop("\n".join((*(f"打不开：{place}" for place in damaged),
                        f"已换成新密钥加密 {total} 项；以上 {len(damaged)} 项用哪个密钥都打不开，仍是旧密钥的。"
                        "请用备份核对，处理以后再运行一次；在那以前旧密钥不能销毁。")))
    changed("resealed", {"newest": newest, "done": total, **said})
    click.echo(f"已换成新密钥加密 {total} 项，旧密钥下没有内容了。请做一次备份；"
               "较早的备份都到期以后，用 flask keys destroy 销毁旧密钥。")


def _walk(newest: str) -> tuple[int, list[str]]:
    """Once through everything: how much was sealed anew, and where what does not open is."""
    done, then, damaged = 0, None, list[str]()
    while True:
        slice_ = changed("reseal", {"newest": newest, "after": then})
        done, then = done + int(slice_["done"]), slice_["then"]
        damaged += slice_["damaged"]
        if then is None:
            return done, damaged
        click.echo(f"  {json.loads(then)[0]}  {done} 项", err=True)


@keys.command("destroy")
@click.argument("key", metavar="ID")
@click.option("--keep", type=click.IntRange(0), default=14, show_default=True, metavar="DAYS",
              help="How long backups are kept: the key is needed until the last one that holds its values is that old.")
@act()
def keys_destroy(key: str, keep: int, dry_run: bool, **said: str) -> None:
    """Destroy an older key that has sealed nothing of what is here: no copy from before can be read any more, wherever
    it lies, nor what was erased since. It cannot be undone."""
    asked: dict[str, Any] = {"key": key, "keep": keep, **said}
    known = dict(listed(read_settings().key_file))
    if key not in known:
        stop(f"没有编号为 {key} 的密钥；请用 flask keys list 查看。")
    if key == list(known)[-1]:
        stop(f"{key} 是密钥文件里最新的密钥，正在或即将用来加密；请先用 flask keys add 加一个新的。没有改动。")
    # What is sealed while this lasts may come behind what is counted, which takes an hour where there is much.
    wait = changed("destroy-key", {**asked, "dry_run": True})["rest"]
    if left := _counted().get(key, 0):
        stop(f"还有 {left} 项内容是用 {key} 加密的；请先运行 flask keys reseal（刚删除的文件要再等两天）。没有改动。")
    if dry_run:
        click.echo(f"可以销毁 {key}（{known[key]}）：现在的数据里没有内容用它加密。")
        return
    if rest := changed("destroy-key", asked)["rest"] or wait:
        click.echo(f"已登记销毁 {key}，密钥文件还没有改：要等所有主机都知道。请 {-(-rest // 60)} 分钟以后"
                   "再运行一次同一条命令。升级以前就在运行、还没有重新启动的旧版本主机不会知道：请先确认一台也没有，"
                   "否则它以后保存的内容会丢失。")
        return
    _on_keys(partial(destroy_key, which=key), f"已销毁 {key}。密钥文件")
    click.echo("换成新密钥以前的备份（连同别处的拷贝）都不能再读出。请把密钥文件的其他拷贝（别的机器、保管的那一份）"
               "都换成现在这一份，旧拷贝彻底销毁。")


def _counted() -> dict[str, int]:
    with beside() as opened:
        return resealing.count(opened)


def _on_keys(work: Callable[[Any], None], said: str) -> None:
    path = read_settings().key_file
    try:
        work(path)
    except StoreError as error:
        stop(error.says)
    except OSError as error:
        stop(f"{path} 不能写入（{error.strerror}）；请检查 YJS_KEYS 和目录的属主、权限")
    click.echo(f"{said} {path}；请另存一份在安全的地方，丢失密钥就无法读出已保存的资料。")
