// A department that fetches its feed: Node 18 or newer, nothing to install. Everything it has lies in the folder STORE:
// inbox/ (messages, one file a key), files/ (papers by SHA-256), todo/ (papers to fetch), outbox/ (notices that the portal
// does not have yet), refused/ (notices that it will never take).
//
//   API=https://…/api/departments/your-id TOKEN=… SECRET=whsec_… node fetch.mjs     fetches, and sends what lies in outbox/
//   …  node fetch.mjs say LEG leg.in_review '{"step": "现场勘察"}'                    lays a notice out
//   …  node fetch.mjs grant LEG CODE NUMBER FILE.pdf                               sends a result file, lays leg.granted out
//   …  node fetch.mjs sign ID SECONDS < BODY                                       prints a signature
import { createHash, createHmac, randomUUID } from 'node:crypto'
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readFileSync, readdirSync, renameSync, rmSync, writeSync } from 'node:fs'

const { API, TOKEN, SECRET, STORE = 'store' } = process.env
const [HASH, MARK] = SECRET.startsWith('whsm3_') ? ['sm3', 'v1sm3,'] : ['sha256', 'v1,']
const KEY = Buffer.from(SECRET.replace(/^wh(sec|sm3)_/, ''), 'base64')
const AGAIN = [401, 408, 425, 429] // 401: the clock, or a secret that is being changed

const signature = (id, at, body) =>
  MARK + createHmac(HASH, KEY).update(`${id}.${at}.`).update(body).digest('base64')

function keep (path, content) { // whole and on the disk, or not at all
  const fresh = openSync(path + '.new', 'w')
  writeSync(fresh, content)
  fsyncSync(fresh)
  closeSync(fresh)
  renameSync(path + '.new', path)
}

const load = path => JSON.parse(readFileSync(path, 'utf8'))
const laid = room => readdirSync(`${STORE}/${room}`).filter(name => name.endsWith('.json')).sort()
const bearer = { Authorization: `Bearer ${TOKEN}` }

async function call (url, more = {}) {
  const answer = await fetch(url, { ...more, redirect: 'error', signal: AbortSignal.timeout(20000) })
  if (answer.status >= 500 || AGAIN.includes(answer.status)) throw new Error(`${answer.status} ${await answer.text()}`)
  return answer
}

async function fetchFeed () {
  const at = `${STORE}/cursor`
  const answer = await call(`${API}/legs?after=${existsSync(at) ? load(at) : 0}&limit=100`, { headers: bearer })
  if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`)
  const { legs, cursor } = await answer.json()
  for (const line of legs) await take(line)
  keep(at, String(cursor))
}

// Stored before it is confirmed; the same key twice has one effect.
async function take ({ cursor, leg }) {
  const answer = await call(`${API}/legs/${leg}?n=${cursor}`, { headers: bearer })
  if (answer.status === 404) return // withdrawn before we read it
  const { read_code: code, cursor: _, ...message } = await answer.json()
  const path = `${STORE}/inbox/${message.key.replaceAll(':', '_')}.json`
  const known = existsSync(path)
  for (const paper of message.data.materials ?? []) {
    for (const file of paper.files) if (!known) keep(`${STORE}/todo/${file.sha256}.json`, JSON.stringify(file))
  }
  if (!known && message.type === 'leg.filed') say(leg, 'leg.accepted', {})
  if (!known) keep(path, JSON.stringify(message))
  const body = JSON.stringify({ read_code: code })
  const done = await call(`${API}/legs/${leg}/received`, { method: 'POST', body, headers: { ...bearer, 'Content-Type': 'application/json' } })
  console.log(done.status, message.key, known ? 'again' : 'new')
}

async function fetchPapers () {
  for (const name of laid('todo')) {
    const { url, sha256 } = load(`${STORE}/todo/${name}`)
    const answer = await call(url, { headers: bearer })
    const bytes = Buffer.from(await answer.arrayBuffer())
    if (createHash('sha256').update(bytes).digest('hex') !== sha256) console.log('not what was sent:', answer.status, url)
    else keep(`${STORE}/files/${sha256}`, bytes)
    rmSync(`${STORE}/todo/${name}`)
  }
}

function say (leg, type, data) { // numbered by the clock, so that its order counts
  const seq = Math.max(Date.now(), (say.last ?? 0) + 1)
  say.last = seq
  const notice = { type, timestamp: new Date().toISOString(), data: { leg, seq, ...data } }
  keep(`${STORE}/outbox/${seq}-${randomUUID()}.json`, JSON.stringify(notice))
}

async function post (path, id, body, headers) {
  const at = String(Math.floor(Date.now() / 1000)) // seconds, not milliseconds
  return call(API + path, { method: 'POST', body, headers: { ...headers, 'webhook-id': id, 'webhook-timestamp': at, 'webhook-signature': signature(id, at, body) } })
}

async function sendNotices () { // a notice keeps its id over all attempts; time and signature are made anew
  for (const name of laid('outbox')) {
    const path = `${STORE}/outbox/${name}`
    const answer = await post('/notices', name.replace('.json', ''), readFileSync(path), { 'Content-Type': 'application/json' })
    console.log(answer.status, readFileSync(path, 'utf8'), await answer.text())
    if (answer.ok) rmSync(path)
    else renameSync(path, `${STORE}/refused/${name}`)
  }
}

async function sendFile (path) {
  const name = encodeURIComponent(path.split('/').pop())
  const answer = await post('/files', randomUUID(), readFileSync(path), { 'Content-Type': 'application/pdf', 'Content-Disposition': `attachment; filename*=UTF-8''${name}` })
  if (answer.status !== 201) throw new Error(`${path}: ${answer.status} ${await answer.text()}`)
  return (await answer.json()).file
}

async function run () {
  for (let wait = 1; ; await new Promise(resolve => setTimeout(resolve, wait * 1000))) {
    try {
      for (const step of [fetchFeed, fetchPapers, sendNotices]) await step()
      wait = 1
    } catch (error) {
      console.log(`again in ${wait} s:`, error.message, error.cause?.message ?? '')
      wait = Math.min(wait * 2, 600)
    }
  }
}

const [command, leg, type, more, path] = process.argv.slice(2)
if (command === 'sign') console.log(signature(leg, type, readFileSync(0)))
else {
  for (const room of ['inbox', 'files', 'todo', 'outbox', 'refused']) mkdirSync(`${STORE}/${room}`, { recursive: true })
  if (command === 'say') say(leg, type, JSON.parse(more ?? '{}'))
  else if (command === 'grant') say(leg, 'leg.granted', { results: [{ material: type, number: more, files: [await sendFile(path)] }] })
  else await run()
}
