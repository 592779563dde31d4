-- What GET /services/{name}/openapi answers with: how the handlers of a service
-- are called through an ingress of Restate.

CREATE FUNCTION restate.openapi_content(description text, schema jsonb) RETURNS jsonb
  LANGUAGE sql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
  RETURN jsonb_build_object(
    CASE WHEN description ~ '^(optional )?[^ ]+/[^ ]+$' THEN regexp_replace(description, '^optional ', '')
      WHEN schema IS NOT NULL THEN 'application/json'
      ELSE '*/*' END,
    CASE WHEN schema IS NULL THEN '{}' ELSE jsonb_build_object('schema', schema) END);
COMMENT ON FUNCTION restate.openapi_content(text, jsonb) IS
'The content of a body in OpenAPI, from the description of a handler''s input or output and its JSON schema, null for none.';

CREATE FUNCTION restate.service_openapi(service jsonb) RETURNS jsonb
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
  RETURN (
    WITH facts AS (
      SELECT service ->> 'name' AS name, service ->> 'ty' AS ty,
        '/' || (service ->> 'name') || CASE WHEN service ->> 'ty' <> 'Service' THEN '/{key}' ELSE '' END AS path,
        CASE WHEN service ->> 'ty' <> 'Service' THEN jsonb '[{"$ref": "#/components/parameters/key"}]' ELSE '[]' END AS key),
    handlers AS (
      SELECT h.handler ->> 'name' AS name, coalesce(h.handler ->> 'documentation', '') AS documentation,
        h.handler ->> 'ty' = 'Workflow' AS is_run, f.ty <> 'Workflow' AS is_idempotent,
        f.name AS service, f.path, f.key,
        CASE WHEN h.handler ->> 'input_description' <> 'none' THEN jsonb_build_object('requestBody', jsonb_build_object(
          'content', restate.openapi_content(h.handler ->> 'input_description', h.handler -> 'input_json_schema'))) ELSE '{}' END AS body,
        jsonb_build_object('description', 'The result of the handler.')
          || CASE WHEN h.handler ->> 'output_description' <> 'none' THEN jsonb_build_object(
          'content', restate.openapi_content(h.handler ->> 'output_description', h.handler -> 'output_json_schema')) ELSE '{}' END AS output
      FROM facts f, jsonb_array_elements(service -> 'handlers') AS h(handler)),
    paths AS (
      SELECT format('%s/%s', path, name) AS path, jsonb_build_object('post', body || jsonb_build_object(
          'operationId', name, 'summary', name,
          'description', concat_ws(' ', nullif(documentation, ''), format('Calls %s of %s and waits for its result.', name, service)),
          'parameters', key || CASE WHEN is_idempotent THEN jsonb '[{"$ref": "#/components/parameters/idempotencyKeyHeader"}]' ELSE '[]' END,
          'responses', jsonb_build_object('200', output, 'default', jsonb '{"$ref": "#/components/responses/Failure"}'))) AS item
      FROM handlers
      UNION ALL
      SELECT format('%s/%s/send', path, name), jsonb_build_object('post', body || jsonb_build_object(
          'operationId', name || 'Send', 'summary', name, 'tags', jsonb '["Send"]',
          'description', format('Has %s of %s run, and does not wait for it.', name, service),
          'parameters', key || CASE WHEN is_idempotent THEN jsonb '[{"$ref": "#/components/parameters/idempotencyKeyHeader"}]' ELSE '[]' END
            || jsonb '[{"$ref": "#/components/parameters/delay"}]',
          'responses', jsonb '{"200": {"$ref": "#/components/responses/Send"}, "202": {"$ref": "#/components/responses/Send"}, "default": {"$ref": "#/components/responses/Failure"}}'))
      FROM handlers
      UNION ALL
      SELECT CASE WHEN is_run THEN format('/restate/workflow%s/%s', path, a.how)
          ELSE format('/restate/invocation%s/%s/{idempotencyKey}/%s', path, name, a.how) END,
        jsonb_build_object('get', jsonb_build_object(
          'operationId', name || a.suffix, 'summary', name, 'tags', jsonb_build_array(a.tag),
          'description', format(a.description, service, name),
          'parameters', key || CASE WHEN is_run THEN '[]' ELSE jsonb '[{"$ref": "#/components/parameters/idempotencyKeyPath"}]' END,
          'responses', jsonb_build_object('200', output, '404', jsonb '{"$ref": "#/components/responses/NotFound"}',
              'default', jsonb '{"$ref": "#/components/responses/Failure"}')
            || CASE a.how WHEN 'output' THEN jsonb '{"470": {"$ref": "#/components/responses/NotReady"}}' ELSE '{}' END))
      FROM handlers
      CROSS JOIN (VALUES
        ('attach', 'Attach', 'Attach', 'Waits for the result of an invocation of %2$s of %1$s that was begun before.'),
        ('output', 'Output', 'Get Output', 'Gets the result of an invocation of %2$s of %1$s, if it is there.')) AS a(how, suffix, tag, description)
      WHERE is_run OR is_idempotent)
    SELECT jsonb_build_object(
      'openapi', '3.1.0',
      'info', jsonb_strip_nulls(jsonb_build_object(
        'title', name, 'version', service ->> 'revision', 'description', service ->> 'documentation')),
      'tags', jsonb '[{"name": "Send", "description": "Have a handler run"}, {"name": "Attach", "description": "Wait for a result"}, {"name": "Get Output", "description": "Look for a result"}]',
      'paths', (SELECT coalesce(jsonb_object_agg(p.path, p.item), '{}') FROM paths p),
      'components', jsonb '{
        "parameters": {
          "key": {"name": "key", "in": "path", "required": true, "schema": {"type": "string"}},
          "idempotencyKeyHeader": {"name": "idempotency-key", "in": "header", "required": false, "schema": {"type": "string"},
            "description": "Requests with the same key are one invocation."},
          "idempotencyKeyPath": {"name": "idempotencyKey", "in": "path", "required": true, "schema": {"type": "string"},
            "description": "The idempotency key that the invocation was begun with."},
          "delay": {"name": "delay", "in": "query", "required": false, "schema": {"type": "string"},
            "description": "How long to wait before it runs, as a duration."}
        },
        "responses": {
          "Send": {"description": "It runs, or will.", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Sent"}}}},
          "NotFound": {"description": "There is no such invocation.", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Failure"}}}},
          "NotReady": {"description": "It has not completed.", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Failure"}}}},
          "Failure": {"description": "The handler failed, or the request was refused.", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Failure"}}}}
        },
        "schemas": {
          "Sent": {"type": "object", "required": ["invocationId", "status"], "properties": {
            "invocationId": {"type": "string"},
            "status": {"type": "string", "enum": ["Accepted", "PreviouslyAccepted"]},
            "executionTime": {"type": "string", "format": "date-time", "description": "When it runs, if that was delayed."}}},
          "Failure": {"type": "object", "required": ["message"], "properties": {
            "code": {"type": "integer"},
            "message": {"type": "string"},
            "stacktrace": {"type": "string"},
            "metadata": {"type": "object", "additionalProperties": {"type": "string"}}}}
        }
      }')
    FROM facts);
COMMENT ON FUNCTION restate.service_openapi(jsonb) IS
'The OpenAPI document of a service, from the document of GET /services/{name}: the requests with which an ingress calls its handlers, has them run, and looks for their results.';

CREATE VIEW restate.admin_service_openapi AS
SELECT s.name, restate.service_openapi(s.document) AS document
FROM restate.admin_service s;
REVOKE ALL ON restate.admin_service_openapi FROM PUBLIC;
COMMENT ON VIEW restate.admin_service_openapi IS
'Each service at its latest revision, as the document of GET /services/{name}/openapi.';
COMMENT ON COLUMN restate.admin_service_openapi.name IS 'The name of the service.';
COMMENT ON COLUMN restate.admin_service_openapi.document IS 'What GET /services/{name}/openapi shows.';
