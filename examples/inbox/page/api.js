// Requests to the server.

async function request(path, options) {
  const response = await fetch(path, options);
  if (response.ok) return response;
  const problem = await response.json().catch(() => ({}));
  throw new Error(problem.error || `the server replied ${response.status}`);
}

async function json(path) {
  return (await request(path)).json();
}

function query(words) {
  return words ? `?q=${encodeURIComponent(words)}` : "";
}

export const info = () => json("/api/info");
export const messages = (words) => json(`/api/messages${query(words)}`);
export const message = (id) => json(`/api/messages/${id}`);
export const source = async (id) => (await request(`/api/messages/${id}/source`)).text();
export const sessions = (words) => json(`/api/sessions${query(words)}`);
export const session = (id) => json(`/api/sessions/${id}`);
export const remove = (kind, id) => request(`/api/${kind}s/${id}`, { method: "DELETE" });
export const removeAll = () => request("/api/messages", { method: "DELETE" });
export const release = async (id) => (await request(`/api/messages/${id}/release`, { method: "POST" })).json();
